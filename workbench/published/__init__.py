"""What the workbench publishes of load runs, verdicts and faults, for the node exporter's text file collector."""
