"""How fast texts become vectors, and what that takes."""
