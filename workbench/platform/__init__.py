"""The local platform: which processes make it up, in which order they start, where their state lives."""
