"""Where people are in every frame, and their 33 landmarks."""
