"""When workflows start by themselves: triggers, what is due, what was missed."""
