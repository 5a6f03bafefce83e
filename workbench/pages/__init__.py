"""The workbench's own pages on the local platform: alerts that arrived, and the runbooks and panels they lead to."""
