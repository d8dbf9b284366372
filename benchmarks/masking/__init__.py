"""How much personal data masking finds in a generated Chinese and English corpus, and what it takes for it wrongly."""
