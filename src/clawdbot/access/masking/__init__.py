"""Masking before the cloud: personal data found in a text, replaced by pseudonyms, and put back in the answer."""
