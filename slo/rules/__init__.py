"""Prometheus rules of an objective: recorded rates, budget, metadata, and the alerts on them."""
