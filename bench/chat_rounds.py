"""What is measured of a chat, whichever it is: rounds of the bare limit and the whole bot, then cards one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bench.parts import Say, spread
from bench.rig import STORES, Rig, Store


@dataclass(frozen=True, slots=True)
class Said:
    """One event: when it was sent and when it was acknowledged, in seconds of the monotonic clock."""

    mark: str
    began: float
    acknowledged: float | None
    """None: never, as far as we have waited."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Events that were sent as fast as they are taken."""

    said: list[Said]
    answered: dict[str, float]
    """Mark -> when the answer to its requester was at the chat's service."""
    cpu: float = 0.0
    """Seconds that the bot's processes took."""

    def rates(self) -> dict[str, float]:
        """Events a second that were acknowledged, and answered."""
        began = min(one.began for one in self.said)
        taken = [one.acknowledged for one in self.said if one.acknowledged is not None]
        rates = {"accepted": len(taken) / (max(taken) - began)} if taken else {}
        if self.answered:
            rates["answered"] = len(self.answered) / (max(self.answered.values()) - began)
        return rates

    def waits(self) -> dict[str, list[float]]:
        """Seconds from each event until it was acknowledged, and answered."""
        return {
            "acknowledged": [o.acknowledged - o.began for o in self.said if o.acknowledged is not None],
            "answered": [self.answered[o.mark] - o.began for o in self.said if o.mark in self.answered],
        }


@dataclass(frozen=True, slots=True)
class Door:
    """One chat's way to be measured."""

    name: str
    card: str
    """What a bot of the second part is called."""
    limit: Callable[[int], Awaitable[Burst]]
    path: Callable[[Rig, Store, str, int], Awaitable[Burst]]
    cards: Callable[[Rig, Store, str, int], Awaitable[tuple[list[float], list[float]]]]


async def in_rounds(
    door: Door, rig: Rig, rounds: int, events: int, carded: int, say: Say
) -> list[dict[str, Any]]:
    """One row for each database and round."""
    rows: list[dict[str, Any]] = []
    for number in range(1, rounds + 1):
        bare = await door.limit(events)
        for store in STORES:
            run = await door.path(rig, store, f"{door.name}{number}-{store}", events)
            at, told = await door.cards(rig, store, f"{door.card}{number}-{store}", carded)
            taken = sum(one.acknowledged is not None for one in run.said)
            row = {
                "round": number,
                "store": store,
                "events": events,
                "limit": bare.rates()["accepted"],
                **(run.rates() if run.said else {}),
                "missing": 2 * events - taken - len(run.answered),
                "cpu_ms": 1000 * run.cpu / events,
                "waits": {name: spread(waits) for name, waits in run.waits().items() if len(waits) > 1},
                "cards_missing": carded - len(at),
                "card": spread(at) if len(at) > 1 else {},
                "answer": spread(told) if len(told) > 1 else {},
            }
            rows.append(row)
            figures = (
                f"{name} {row[name]:.0f}/s" for name in ("limit", "accepted", "answered") if name in row
            )
            say(f"{door.name} round {number} {store}: {', '.join(figures)}; missing {row['missing']}")
    return rows
