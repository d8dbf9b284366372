"""A run by the planner beside the same run frozen: time and questions to models."""
