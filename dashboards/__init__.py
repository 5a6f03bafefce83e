"""Grafana dashboards in Python, one module a dashboard; what is common to them is in `panels`."""
