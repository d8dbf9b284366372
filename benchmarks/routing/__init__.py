"""Which model takes each step: policies compared in a simulated office, and in real runs with embedded models."""
