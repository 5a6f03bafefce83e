"""The workload: a small blog platform of four services built from one set of service defaults."""
