"""How a model is asked so that one bad server harms nobody: one owner of retries, breakers, queues, deadlines."""
