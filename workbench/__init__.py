"""The workbench: the `titanium` command and everything behind it."""

__version__ = "0.1.0"
