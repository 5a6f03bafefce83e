"""SLOs for people and machines: write what is compiled, run its proof, report what is left of each budget."""
