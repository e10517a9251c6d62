"""The emoji of a card: the same that agents put on it to take, resolve or hurry a ticket, wherever that was done.

They only decorate: what Slack does not take is tried again with the next change of the card, and delays nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from bot.channels.slack_faults import Refused
from bot.desk.states import DONE
from bot.errors import ChannelError

if TYPE_CHECKING:
    from bot.channels.slack_wire import Wire
    from bot.message import Notice

log = logging.getLogger("deskbot.slack")

TAKEN: Final = "eyes"
RESOLVED: Final = "white_check_mark"
URGENT: Final = "rotating_light"
_ALL: Final = frozenset({TAKEN, RESOLVED, URGENT})
_SO_ALREADY: Final = frozenset({"already_reacted", "no_reaction"})
_KEPT: Final = 5_000


def marks_of(notice: Notice, urgent: str) -> frozenset[str]:
    """The emoji of a card. ``urgent``: the priority that the siren stands for."""
    values = notice.values
    true = {
        TAKEN: values.get("owner"),
        RESOLVED: values.get("state") in DONE,
        URGENT: values.get("priority") == urgent,
    }
    return frozenset(name for name, so in true.items() if so)


class Marks:
    """Sets and takes away the emoji of the cards of one workspace."""

    def __init__(self, wire: Wire, urgent: str) -> None:
        self._wire = wire
        self._urgent = urgent
        self._shown: OrderedDict[str, frozenset[str]] = OrderedDict()

    async def show(self, card: str, notice: Notice, *, new: bool) -> None:
        """Let a card ("CHANNEL/TS") have the emoji that tell how its ticket stands. Never raises
        ``ChannelError``."""
        wanted = marks_of(notice, self._urgent)
        shown = frozenset() if new else self._shown.pop(card, None)
        unsure = _ALL if shown is None else shown ^ wanted
        channel, _, ts = card.rpartition("/")
        where = {"channel": channel, "timestamp": ts}
        try:
            for name in sorted(unsure):
                await self._set({**where, "name": name}, there=name in wanted)
        except ChannelError as error:
            log.info("a card has not all its emoji: %s", error, extra={"action": "slack.marks"})
            return
        self._shown[card] = wanted
        if len(self._shown) > _KEPT:
            self._shown.popitem(last=False)

    async def _set(self, values: dict[str, Any], *, there: bool) -> None:
        try:
            await self._wire.call("reactions.add" if there else "reactions.remove", values)
        except Refused as error:
            if error.code not in _SO_ALREADY:
                raise
