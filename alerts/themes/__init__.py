"""The alerts, one module a theme; each has `THEME`."""
