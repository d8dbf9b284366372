"""What more workers bring to runs that mostly wait, and how soon a dead one's runs go on elsewhere."""
