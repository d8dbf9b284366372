"""How well scanned pages and speech are read: error rates and time, beside the parts in their default settings."""
