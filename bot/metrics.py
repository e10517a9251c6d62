"""What can be measured, for Prometheus.

Every ``Metrics`` has a registry of its own, so that a program may hold several. No label ever holds an
address, a subject or a number of a ticket, and no label can have more than a few dozen values (K9).
"""

from __future__ import annotations

import re
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
OTHER: Final = "other"
MOST_VALUES: Final = 40
"""Values of one label; every further one is "other"."""

_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)


class _Family:
    """Counters or gauges that differ in their labels; each label's values are a small closed set."""

    def __init__(self, metric: Counter | Gauge, labels: int) -> None:
        self._metric = metric
        self._children: dict[tuple[str, ...], Counter | Gauge] = {}
        self._values: tuple[set[str], ...] = tuple(set() for _ in range(labels))

    def of(self, *labels: str) -> Counter | Gauge:
        child = self._children.get(labels)
        if child is None:
            bounded = tuple(self._bounded(*pair) for pair in zip(labels, self._values, strict=True))
            child = self._metric.labels(*bounded)
            if bounded == labels:
                self._children[labels] = child
        return child

    @staticmethod
    def _bounded(value: str, known: set[str]) -> str:
        value = str(value)
        if value not in known and (len(known) >= MOST_VALUES or not _WORD.fullmatch(value)):
            return OTHER
        known.add(value)
        return value


class Metrics:
    """All figures of one Deskbot process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._accepted = self._counter("accepted", "Payloads that a door has accepted", "channel")
        self._duplicates = self._counter("duplicates", "Payloads that were here already", "channel")
        self._messages = self._counter("messages", "What became of messages", "result", "reason")
        self._held = self._counter("held", "Payloads that could not be understood", "reason")
        self._delivered = self._counter(
            "deliveries", "Attempts to send, by how they ended", "channel", "result"
        )
        self._workers = self._counter("worker_failures", "Jobs that broke a limit or a child", "reason")
        self._success = self._gauge(
            "last_success_timestamp_seconds", "When a channel last did its work", "channel", "direction"
        )
        self._doors = self._gauge("door_up", "Whether a channel's connection stands", "channel")
        self._looked = self._gauge("door_looked_timestamp_seconds", "When a mailbox was last read", "channel")
        self._troubles = self._counter("door_troubles", "What went wrong at a door", "channel", "reason")
        self._waiting = self._gauge("queue_waiting", "What waits in a queue", "queue")
        self._oldest = self._gauge(
            "queue_oldest_seconds", "Age of the oldest that waits; 0 when none", "queue"
        )
        self._stuck = self._gauge("queue_stuck", "What waits for a person, by state", "queue", "state")
        self._templates = Counter(
            "deskbot_templates_broken",
            "Times that a built-in template had to stand in",
            registry=self.registry,
        )
        self._seconds = Histogram(
            "deskbot_acknowledged_seconds",
            "From acceptance to the acknowledgement's delivery",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, *labels: str) -> _Family:
        return _Family(Counter(f"deskbot_{name}", text, labels, registry=self.registry), len(labels))

    def _gauge(self, name: str, text: str, *labels: str) -> _Family:
        return _Family(Gauge(f"deskbot_{name}", text, labels, registry=self.registry), len(labels))

    def accepted(self, channel: str, *, new: bool) -> None:
        """A door has accepted a payload; not ``new`` when it was here already."""
        (self._accepted if new else self._duplicates).of(channel).inc()
        self._succeeded(channel, "in")

    def received(self, result: str, reason: str) -> None:
        """A message was opened, appended, ignored ..., for a reason of the closed list."""
        self._messages.of(result, reason).inc()

    def held(self, reason: str) -> None:
        """A payload could not be understood."""
        self._held.of(reason).inc()

    def delivered(self, channel: str, result: str) -> None:
        """An attempt to send ended: "sent", "put-off", "failed" ..."""
        self._delivered.of(channel, result).inc()
        if result == "sent":
            self._succeeded(channel, "out")

    def acknowledged(self, seconds: float) -> None:
        """An acknowledgement was delivered so long after its message was accepted."""
        self._seconds.observe(max(0.0, seconds))

    def door(self, channel: str, *, up: bool) -> None:
        """A channel's connection to its service stands, or does not."""
        self._set(self._doors, float(up), channel)

    def looked(self, channel: str) -> None:
        """A mailbox was looked at, and nothing is left in it."""
        gauge = self._looked.of(channel)
        assert isinstance(gauge, Gauge)  # noqa: S101 (tells the type)
        gauge.set_to_current_time()

    def trouble(self, channel: str, reason: str) -> None:
        """Something went wrong at a door: "login-refused", "disconnected", "throttled" ..."""
        self._troubles.of(channel, reason).inc()

    def template_broken(self) -> None:
        """A template could not be used, and the built-in one stood in."""
        self._templates.inc()

    def worker_failed(self, reason: str) -> None:
        """A job in a child process failed for a reason of ``WorkerFailed``."""
        self._workers.of(reason).inc()

    def queue(self, name: str, waiting: int, oldest_seconds: float, **stuck: int) -> None:
        """How much waits in "inbox" or "outbox", since when, and what waits for a person by its state."""
        self._set(self._waiting, waiting, name)
        self._set(self._oldest, max(0.0, oldest_seconds), name)
        for state, count in stuck.items():
            self._set(self._stuck, count, name, state)

    def render(self) -> bytes:
        """All of it in the text format of Prometheus, 0.0.4."""
        return generate_latest(self.registry)

    def _succeeded(self, channel: str, direction: str) -> None:
        gauge = self._success.of(channel, direction)
        assert isinstance(gauge, Gauge)  # noqa: S101 (tells the type)
        gauge.set_to_current_time()

    @staticmethod
    def _set(family: _Family, value: float, *labels: str) -> None:
        gauge = family.of(*labels)
        assert isinstance(gauge, Gauge)  # noqa: S101 (tells the type)
        gauge.set(value)
