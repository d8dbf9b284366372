"""The vector index at scale: how fast, how large, and how it takes being killed."""
