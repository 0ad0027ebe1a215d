"""How fast, how true: one command each."""
