"""The dense index: exact search in memory, Chroma for large collections, and one process that owns Chroma."""
