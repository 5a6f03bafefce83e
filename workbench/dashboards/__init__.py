"""What `titanium dashboards` does: the generated files, and a Grafana that takes them."""
