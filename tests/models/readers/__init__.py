"""What other programs write, read back."""
