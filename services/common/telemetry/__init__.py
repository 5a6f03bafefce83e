"""Telemetry of the services: metrics, logs and traces, none of which is ever on the critical path."""
