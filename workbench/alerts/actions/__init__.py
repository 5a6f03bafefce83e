"""The actions of `titanium alerts`, one a module."""
