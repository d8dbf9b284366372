"""Text as people write it, in Chinese and English: its language, and the numbers in it."""
