"""From data to weights and samples: one command each."""
