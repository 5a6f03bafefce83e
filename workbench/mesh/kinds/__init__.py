"""The Istio and Kubernetes kinds that the renderer reads, one module a subject; Istio's are strict."""
