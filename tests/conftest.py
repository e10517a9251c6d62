"""Fixtures that all tests share: the peers, each in its own file."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long one example takes is the machine's affair; where time is the rule a test measures it.
settings.register_profile("deskbot", deadline=None)
settings.load_profile("deskbot")

pytest_plugins = [
    "tests.peers.postgres",
    "tests.peers.dovecot",
    "tests.peers.mail_house",
    "tests.peers.mail_clients",
]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A test that runs a program in this process leaves the loggers to the next as it found them."""
    root = logging.getLogger()
    names = [None, *(name for name in root.manager.loggerDict)]
    before = {name: (logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in names}
    disabled = root.manager.disable
    yield
    logging.disable(disabled)
    for name in [None, "deskbot", "bot", *root.manager.loggerDict]:
        logger = logging.getLogger(name)
        level, handlers = before.get(name, (logging.NOTSET, list(logger.handlers)))
        logger.setLevel(level)
        logger.disabled = False
        if name in {"deskbot", "bot"}:
            logger.handlers[:] = handlers
