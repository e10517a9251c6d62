"""The limit: a bare aiosmtpd that says 250 and forgets, as its documentation shows it.

``python -m bench.limit PORT`` prints READY and serves until it is ended.
"""

from __future__ import annotations

import signal
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Discard:
    """Takes everything, keeps nothing."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        return "250 OK"


def main() -> None:
    """Serve at the port that the first argument names."""
    controller = Controller(Discard(), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    main()
