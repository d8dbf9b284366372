"""Runs of workflows: steps by their needs, each written down, taken up again where they were."""
