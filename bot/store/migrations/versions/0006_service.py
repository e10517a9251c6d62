"""The service desk itself: impact and urgency, pauses, what ended how, surveys, what proves two addresses one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.models.base import NUMBER

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward. Columns are added in place, as in step 0002."""
    for column in (
        sa.Column("impact", sa.String(8), nullable=True),
        sa.Column("urgency", sa.String(8), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=True),
        sa.Column("waiting_for", sa.String(16), nullable=True),
        sa.Column("major", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("resolution", sa.JSON(), nullable=True),
        sa.Column("closed_as", sa.String(16), nullable=True),
        sa.Column("promised_at", _MOMENT, nullable=True),
        sa.Column("fix_expected_at", _MOMENT, nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
    ):
        op.add_column("ticket", column)
    open_states = sa.text("state IN ('new', 'open', 'waiting')")
    op.create_index(
        "ticket_owned", "ticket", ["owner_id"], sqlite_where=open_states, postgresql_where=open_states
    )
    op.add_column("person", sa.Column("department", sa.Text(), nullable=False, server_default=""))
    op.add_column("person", sa.Column("phone", sa.String(64), nullable=False, server_default=""))
    op.add_column("person", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.add_column("person", sa.Column("erased_at", _MOMENT, nullable=True))
    op.add_column("person", sa.Column("given_at", _MOMENT, nullable=True))
    _pauses()
    _surveys()
    _proofs()


def _pauses() -> None:
    op.create_table(
        "pause",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("ticket_id", NUMBER, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("reason", sa.String(16), nullable=False),
    )
    op.create_index("ix_pause_ticket_id", "pause", ["ticket_id"])
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "pause_running", "pause", ["ticket_id"], unique=True, sqlite_where=running, postgresql_where=running
    )


def _surveys() -> None:
    op.create_table(
        "survey",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("ticket_id", NUMBER, sa.ForeignKey("ticket.id"), nullable=False, unique=True),
        sa.Column("person_id", NUMBER, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("rated_at", _MOMENT, nullable=True),
        sa.Column("changed_at", _MOMENT, nullable=True),
        sa.Column("alarmed", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_survey_person_id", "survey", ["person_id"])


def _proofs() -> None:
    op.create_table(
        "link_code",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("person_id", NUMBER, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("medium", sa.String(16), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
    )
    op.create_index("ix_link_code_person_id", "link_code", ["person_id"])
    op.create_table(
        "tombstone",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
