"""What is asked of a dashboard before anybody looks at it: Grafana's own rules, pint's, and ours."""
