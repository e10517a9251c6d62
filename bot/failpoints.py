"""Places at which a test may kill the process, to show that nothing is lost there.

``DESKBOT_FAIL_AT=NAME`` kills the process (SIGKILL: nothing is flushed, nothing is closed) the first time it
passes that point, ``NAME:7`` the seventh time, ``NAME:7:stop`` pauses it there (SIGSTOP) instead. Unset, as it
always is outside tests, a point is a call of an empty function.

The points, in the order in which a message passes them::

    before_commit             a batch of units has run, COMMIT has not been asked for      (store)
    after_commit              COMMIT has returned, no future has resolved yet              (store)
    after_commit_before_250   accept() has returned, the peer has not been told            (smtp door)
    after_imap_fetch          a mail is fetched from a mailbox, nothing of it is stored    (imap door)
    after_imap_accept         a mail is committed, and lies where it was in its mailbox    (imap door)
    after_imap_copy           a mail is copied to the processed folder, and still here     (imap door)
    after_slack_accept        an event is committed, Slack has not been told               (slack door)
    after_inbox_claim         an inbox row is leased to this process, nothing is parsed    (intake loop)
    after_translate           the payload is parsed, nothing of it is stored               (intake loop)
    after_receive_commit      ticket and acknowledgement are committed                     (intake loop)
    after_claim               an outbox row is leased to this process, nothing is sent     (delivery)
    after_send_before_record  the relay has said 250, the row does not know it             (delivery)
    after_record              the row says sent                                            (delivery)
"""

from __future__ import annotations

import os
import signal
from typing import Final

POINTS: Final = (
    "before_commit",
    "after_commit",
    "after_commit_before_250",
    "after_imap_fetch",
    "after_imap_accept",
    "after_imap_copy",
    "after_slack_accept",
    "after_inbox_claim",
    "after_translate",
    "after_receive_commit",
    "after_claim",
    "after_send_before_record",
    "after_record",
)

VARIABLE: Final = "DESKBOT_FAIL_AT"


class _Armed:
    """Counts how often its point is passed, and strikes at the n-th time."""

    def __init__(self, setting: str) -> None:
        name, _, rest = setting.partition(":")
        count, _, action = rest.partition(":")
        if name not in POINTS or action not in ("", "kill", "stop") or (count and not count.isdigit()):
            raise ValueError(
                f"{VARIABLE}={setting}: write NAME[:COUNT[:stop]], NAME one of {', '.join(POINTS)}"
            )
        self.name = name
        self.left = int(count or 1)
        self.signal = signal.SIGSTOP if action == "stop" else signal.SIGKILL

    def __call__(self, name: str) -> None:
        if name != self.name:
            return
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.signal)


def _free(name: str) -> None:
    """Pass: no point is armed."""


failpoint: Final = _Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else _free
