"""Profiles, and the marks of deleted accounts.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("account_id", name="pk_profiles"),
        sa.UniqueConstraint("handle", name="uq_profiles_handle"),
    )
    op.create_table(
        "deleted_accounts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _now("deleted_at"),
        sa.PrimaryKeyConstraint("account_id", name="pk_deleted_accounts"),
    )


def downgrade() -> None:
    op.drop_table("deleted_accounts")
    op.drop_table("profiles")
