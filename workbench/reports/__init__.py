"""Evidence and verdicts for people and machines: terminal, JSON, Markdown, JUnit, HTML."""
