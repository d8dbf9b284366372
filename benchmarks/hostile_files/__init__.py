"""Files made to hang, crash, fill or mislead whatever loads them."""
