"""Open-loop load: Locust scenarios in the words of the users, started on schedule."""
