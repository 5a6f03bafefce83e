"""The workbench: the `titanium` command and everything behind it."""
