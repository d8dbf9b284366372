"""How well and how fast passages are found, beside words alone, meaning alone, and Chroma."""
