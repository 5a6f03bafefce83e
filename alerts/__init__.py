"""Alerts that are not SLO burn, Alertmanager routing, and a runbook for each alert."""
