"""An office of runs whose workers are killed at every named place and at random, and what must hold all the same."""
