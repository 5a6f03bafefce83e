"""What else is derived from an objective: one module an artefact, each a function from the objective to lines."""
