"""What found passages prove: their statements, the ones that fit a question, and sentences held against them."""
