"""What a reader's Grafana does with a dashboard before it asks: variables, intervals, names."""
