"""How well the renderer agrees with Istio itself: recorded cases, compared by meaning."""
