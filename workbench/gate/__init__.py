"""The release gate: observes one load window through Prometheus and the generator's result, and has it judged."""
