"""Alembic revisions of the user service's database, run by `python -m services.common.migrate services.user`."""
