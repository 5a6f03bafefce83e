"""The actions of `titanium dashboards`, one a module."""
