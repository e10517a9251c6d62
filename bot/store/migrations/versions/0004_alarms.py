"""Which troubles people have been told of, so that each is told once in a while and not each time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "alarm",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
    )
