"""What bad servers do to runs: real HTTP servers on this machine, one for each fault, in both wire formats."""
