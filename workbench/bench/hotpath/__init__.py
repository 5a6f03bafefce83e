"""Which HTTP server and which HTTP client the request path should use: a comparison that anybody can repeat."""
