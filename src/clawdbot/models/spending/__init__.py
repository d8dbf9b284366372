"""What models cost, and budgets that parallel runs cannot overspend."""
