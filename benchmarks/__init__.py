"""Speed and office tasks, measured side by side with other frameworks; not part of the product."""
