"""Tools that look into the documents: search, and quoting what answers."""
