"""Alembic revisions of the auth service's database, run by `python -m services.common.migrate services.auth`."""
