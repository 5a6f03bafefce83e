"""The layer over grafanalib: panel builders, variables, layout, and the encoder to what current Grafana writes."""
