"""One module or folder per stage; they meet only in contracts.py."""
