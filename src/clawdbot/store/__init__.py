"""The run ledger: what was asked, done, approved and changed, in SQLite or PostgreSQL."""
