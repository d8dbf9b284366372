"""The cost policy: which model takes a step.  Pure; what it needs to know is passed in."""
