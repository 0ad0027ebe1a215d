"""The roof: runs stages, keeps what they make."""
