"""Alembic's entry: runs the steps on the connection that ``bot.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from bot.store.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transactional_ddl=True,  # on SQLite too: our engine says BEGIN itself, so a killed upgrade leaves nothing
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
