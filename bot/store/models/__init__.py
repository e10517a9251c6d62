"""The tables, typed. Every moment is aware UTC; every closed list of words is an enum."""

from __future__ import annotations

from bot.store.models.base import Base, Moment
from bot.store.models.chats import Card, ChatLease, ChatProgress, Thread
from bot.store.models.inbox import Inbox, InboxState, PayloadRow
from bot.store.models.mailboxes import Mailbox, MailboxFolder, MailboxTrouble
from bot.store.models.outbox import Alarm, Outbox, OutboxState, Timer, TimerState
from bot.store.models.people import Address, LinkCode, Person, Tombstone
from bot.store.models.tickets import AttachmentRow, Entry, Event, Participant, Pause, Survey, Ticket

__all__ = [
    "Address",
    "Alarm",
    "AttachmentRow",
    "Base",
    "Card",
    "ChatLease",
    "ChatProgress",
    "Entry",
    "Event",
    "Inbox",
    "InboxState",
    "LinkCode",
    "Mailbox",
    "MailboxFolder",
    "MailboxTrouble",
    "Moment",
    "Outbox",
    "OutboxState",
    "Participant",
    "Pause",
    "PayloadRow",
    "Person",
    "Survey",
    "Thread",
    "Ticket",
    "Timer",
    "TimerState",
    "Tombstone",
]
