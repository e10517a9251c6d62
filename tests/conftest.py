"""Fixtures that all tests share: the peers, each in its own file."""

from __future__ import annotations

pytest_plugins = [
    "tests.peers.postgres",
    "tests.peers.dovecot",
    "tests.peers.mail_house",
    "tests.peers.mail_clients",
]
