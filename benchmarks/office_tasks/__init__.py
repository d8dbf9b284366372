"""Office tasks on a public database, judged by the state in which they leave the office."""
