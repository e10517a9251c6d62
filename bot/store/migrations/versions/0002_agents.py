"""Agents by mail: who they are, what they set on a ticket, who follows it, and addresses that bounce."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward. Columns are added in place: rebuilding a table in SQLite would break what refers to it."""
    op.add_column("person", sa.Column("agent", sa.String(64)))
    op.create_index("person_agent", "person", ["agent"], unique=True)
    op.add_column("address", sa.Column("bounces", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("address", sa.Column("bounced_at", _MOMENT))
    op.add_column("ticket", sa.Column("category", sa.String(64)))
    op.add_column("ticket", sa.Column("level", sa.Integer(), nullable=False, server_default="1"))
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE ticket ADD COLUMN merged_into_id {number} REFERENCES ticket (id)")
    op.create_table(
        "participant",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("ticket_id", _ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("ticket_id", "person_id"),
    )
