"""What is done with the registry of telemetry: its page, and the series that a process really has."""
