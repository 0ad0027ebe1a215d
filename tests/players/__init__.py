"""Programs that are not ours play the files that the exporters write."""
