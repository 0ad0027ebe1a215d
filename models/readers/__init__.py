"""Reads what other programs found: one file per format, a registry, and one form for all."""
