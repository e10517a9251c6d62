"""A Telegram on localhost: Bot API, people who write, press and send files, groups with topics, faults on demand."""

from __future__ import annotations

from tests.peers.telegram.house import TOKEN, Fault, TelegramHouse, telegram_house
from tests.peers.telegram.state import Chat, Written

__all__ = ["TOKEN", "Chat", "Fault", "TelegramHouse", "Written", "telegram_house"]
