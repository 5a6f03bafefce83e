"""The mesh on this machine: rendered configuration, projected onto loopback ports and files that Envoy watches."""
