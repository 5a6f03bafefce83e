"""Chaos and load: the ways in which the platform is put under stress on purpose."""
