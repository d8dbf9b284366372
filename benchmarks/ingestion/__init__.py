"""Taking documents in: how fast, how large, and what a killed process loses."""
