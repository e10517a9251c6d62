"""Tickets in chat programs: their threads, their cards, how far a door has read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.models.base import NUMBER

revision = "0007"
down_revision = "0006"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "thread",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ticket_id", NUMBER, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("channel", "key"),
    )
    op.create_index("ix_thread_ticket_id", "thread", ["ticket_id"])
    op.create_table(
        "card",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("ticket_id", NUMBER, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("thread_key", sa.Text(), nullable=False),
        sa.Column("posted_at", _MOMENT, nullable=True),
        sa.UniqueConstraint("ticket_id", "channel", "place"),
    )
    op.create_table(
        "chat_progress",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(128), primary_key=True),
        sa.Column("position", sa.String(64), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "chat_lease",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("worker", sa.String(32), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
    )
