"""The user service: profiles."""
