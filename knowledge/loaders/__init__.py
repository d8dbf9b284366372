"""Files into extracts: a loader for each format, chosen by what a file holds."""
