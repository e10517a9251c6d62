"""Deskbot: a helpdesk that lives in the mailbox, in Slack and in Telegram."""

from __future__ import annotations

__version__ = "0.1.0"
