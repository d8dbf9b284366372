"""Forty questions to the demo's policy documents, answered in real runs by the embedded model."""
