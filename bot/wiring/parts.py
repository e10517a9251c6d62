"""What mail and chats say of their doors to whoever runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bot.ports import Accept

Run: TypeAlias = Callable[[Accept], Awaitable[None]]
"""Keeps a door until it is cancelled."""
Serving: TypeAlias = Callable[[], Awaitable[bool]]
"""Whether a door does what it is for."""
