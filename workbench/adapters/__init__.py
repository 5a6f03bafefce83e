"""The outside world behind small interfaces: Prometheus, Envoy, processes, files."""
