"""The service defaults: everything that all services do alike, in one place."""
