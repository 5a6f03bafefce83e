"""The actions of `titanium slo`, one a module."""
