"""The user service's tables.

Contract: a handle belongs to at most one profile; an account is either in `profiles` or in `deleted_accounts`, never in
both. Both are keyed by the account's id, which the auth service issues.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {"uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}


class Base(DeclarativeBase):
    """Declarative base of the user service's own database."""

    metadata = MetaData(naming_convention=_NAMES)


class ProfileRow(Base):
    """What a user shows of themselves."""

    __tablename__ = "profiles"
    __table_args__ = (UniqueConstraint("handle"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str] = mapped_column(Text)
    bio: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DeletedAccountRow(Base):
    """An account whose profile must not come back."""

    __tablename__ = "deleted_accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    deleted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
