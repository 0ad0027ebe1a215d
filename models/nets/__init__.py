"""The network that guesses a pose from points: what it is given, what it is made of, and how it is loaded."""
