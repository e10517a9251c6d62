"""Whose doing it was, for the budgets: proved senders have their own, answers to commands too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ADDED = "action IN ('message.added', 'unverified.added')"


def upgrade() -> None:
    """Forward. Columns are added in place, as in step 0002."""
    op.add_column("ticket", sa.Column("proved", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("event", sa.String(64), nullable=False, server_default=""))
    op.create_index(
        "event_added",
        "event",
        ["actor_id", "at"],
        sqlite_where=sa.text(_ADDED),
        postgresql_where=sa.text(_ADDED),
    )
