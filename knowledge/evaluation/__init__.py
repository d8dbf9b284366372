"""How well questions are served by a person's own documents: what is found, what is answered, what is refused."""
