"""The auth service: accounts, passwords and tokens."""
