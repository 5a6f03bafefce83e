"""The mesh: Istio and Kubernetes YAML in, Envoy configuration out, with the meaning that Istio gives it."""
