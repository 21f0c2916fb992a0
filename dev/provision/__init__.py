"""Accounts and topology: one database user and one broker user a service, each with the least it needs."""
