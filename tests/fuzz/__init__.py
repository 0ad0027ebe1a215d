"""Broken files by the thousand: what a reader must refuse and never choke on."""
