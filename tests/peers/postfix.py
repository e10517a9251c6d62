"""A private Postfix for tests: in front of the desk as MX, and behind it as the way out.

It listens on free ports of this machine, in a temporary folder, beside whatever Postfix the machine has. Its
domain is example.test; mailboxes there are delivered by LMTP to the Dovecot that it is given, which also
knows the logins. Postfix starts as root only.

``help@``, ``it@`` and their plus addresses go to the desk's SMTP door, by STARTTLS with a certificate that is
checked; ``lmtp@`` goes to its LMTP door. Mail that comes through the submission port is marked with whose
login it came with (Authentication-Results), and nobody else's mark survives.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.process import free_port

ADVICE: Final = (
    "Postfix is not on this machine: install it with `apt-get install --no-install-recommends postfix` "
    "(Debian, Ubuntu); `make peers` does so where it may, without starting the machine's own"
)
NOT_ROOT: Final = "Postfix starts as root only: run these tests as root, in a container for example"
READY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
GUARD: Final = 'read -r _; kill -TERM $(cat "$1/spool/pid/master.pid"); sleep 1; rm -rf "$1"'
"""Outlives a killed pytest by a moment: its standard input ends, and no server and no folder are left behind."""

HOST: Final = "mx.example.test"
"""How it calls itself, in Received and in Authentication-Results."""
DOMAIN: Final = "example.test"
UNREACHABLE: Final = "away.test"
"""A domain whose server never answers: mail to it stays in the queue."""

_DAEMONS: Final = Path("/usr/lib/postfix/sbin")


def find_program() -> str | None:
    """Where Postfix is; None: it is not installed."""
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return program if program and (_DAEMONS / "master").exists() else None


class Postfix:
    """One Postfix. ``certificate`` and ``key``: its own; ``trusted``: that of the desk's door.

    ``mailboxes``: the port of Dovecot's LMTP; ``logins``: Dovecot's socket for SASL.
    """

    def __init__(self, certificate: Path, key: Path, trusted: Path, *, mailboxes: int, logins: Path) -> None:
        program = find_program()
        if program is None:
            raise FileNotFoundError(ADVICE)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="deskbot-postfix-"))
        self.folder.chmod(0o755)
        self.mx, self.submission, self.desk_smtp, self.desk_lmtp = (free_port() for _ in range(4))
        self._etc = self.folder / "etc"
        self.log = self.folder / "log"
        places = {"etc": self._etc, "folder": self.folder, "daemons": _DAEMONS, "log": self.log}
        ports = {
            "mx": self.mx,
            "submission": self.submission,
            "smtp": self.desk_smtp,
            "lmtp": self.desk_lmtp,
            "mailboxes": mailboxes,
        }
        names = {"host": HOST, "domain": DOMAIN, "unreachable": UNREACHABLE, "logins": logins}
        keys = {"certificate": certificate, "key": key, "trusted": trusted}
        self._etc.mkdir()
        for name, text in _FILES.items():
            (self._etc / name).write_text(text.format(**places, **ports, **names, **keys))
        for name in ("spool", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")

    def start(self) -> None:
        """Start; returns when mail is taken."""
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._etc), "start-fg"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C in the terminal is for pytest, which then stops us
            )
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + READY_SECONDS
        while not all(_greets(port) for port in (self.mx, self.submission)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "out").read_text() + self.logged()
                self.close()
                raise RuntimeError(f"Postfix does not start:\n{said}")
            time.sleep(0.02)

    def close(self) -> None:
        """Stop and remove everything."""
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard.stdin.close()
            self._guard = None
        if self._process is not None:
            master = self.folder / "spool" / "pid" / "master.pid"
            if self._process.poll() is None and master.exists():
                os.kill(int(master.read_text()), signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def flush(self) -> None:
        """Try at once what waits in the queue."""
        self._run("postqueue", "-f")

    def queue(self) -> list[dict[str, Any]]:
        """What waits: a dictionary for each mail, as ``postqueue -j`` prints it."""
        return [json.loads(line) for line in self._run("postqueue", "-j").splitlines()]

    def pour(self, number: int, sender: str, recipient: str) -> None:
        """So many mails through the MX, by Postfix's own ``smtp-source``."""
        program = Path(self._program).with_name("smtp-source")
        options = ["-s", "4", "-m", str(number), "-f", sender, "-t", recipient, "-S", "One of many"]
        subprocess.run([program, *options, f"127.0.0.1:{self.mx}"], check=True, timeout=60)

    def drain(self) -> None:
        """Returns when the queue is empty; what was put off is tried at once, again and again."""
        deadline = time.monotonic() + READY_SECONDS
        while self.queue():
            if time.monotonic() > deadline:
                raise TimeoutError("Postfix does not get rid of its mail")
            self.flush()
            self.rest()

    def rest(self) -> None:
        """Returns when nothing is under way: what is in the queue then has been put off."""
        deadline = time.monotonic() + READY_SECONDS
        while any(mail["queue_name"] != "deferred" for mail in self.queue()):
            if time.monotonic() > deadline:
                raise TimeoutError("Postfix does not come to rest")
            time.sleep(0.02)

    def forget_queue(self) -> None:
        """Remove all that waits."""
        self._run("postsuper", "-d", "ALL")

    def logged(self) -> str:
        """What it has written down so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _run(self, program: str, *arguments: str) -> str:
        command = [program, "-c", str(self._etc), *arguments]
        path = f"{os.environ.get('PATH', '')}:/usr/sbin"
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=30, env={"PATH": path}
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout


_FILES: Final = {
    "main.cf": """
compatibility_level = 3.6
config_directory = {etc}
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = {host}
mydomain = {domain}
myorigin = {domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.255.255.255/32
alias_maps =
alias_database =
recipient_delimiter = +
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:inet:127.0.0.1:{mailboxes}
relay_domains = {unreachable}
transport_maps = texthash:{etc}/transport
default_transport = error:5.1.2 no such domain
header_checks = regexp:{etc}/from_outside
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = may
smtp_tls_CAfile = {trusted}
smtp_tls_policy_maps = texthash:{etc}/tls_policy
smtp_tls_loglevel = 1
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_recipient_restrictions = check_recipient_access texthash:{etc}/refused, reject_unauth_destination
smtpd_client_connection_rate_limit = 0
minimal_backoff_time = 300s
queue_run_delay = 300s
bounce_queue_lifetime = 1d
smtputf8_enable = yes
""",
    "master.cf": """
127.0.0.1:{mx} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o cleanup_service_name=submitted
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path={logins}
  -o smtpd_sasl_authenticated_header=yes
  -o smtpd_sender_login_maps=regexp:{etc}/logins
  -o {{ smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch }}
  -o {{ smtpd_recipient_restrictions = check_recipient_access texthash:{etc}/refused,
        permit_sasl_authenticated, reject }}
submitted unix n - n - 0 cleanup -o header_checks=regexp:{etc}/from_submission
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
""",
    "transport": """
help@{domain} smtp:[localhost]:{smtp}
it@{domain} smtp:[localhost]:{smtp}
lmtp@{domain} lmtp:inet:127.0.0.1:{lmtp}
{unreachable} smtp:[127.0.0.1]:1
""",
    "tls_policy": """
[localhost]:{smtp} secure match=localhost
""",
    "refused": """
refused@{domain} 550 5.1.1 nobody of that name works here
""",
    # Whose login may be which sender of the envelope.
    "logins": r"""
/^(help|support)(\+.*)?@example\.test$/ desk
/^([a-z]+)@example\.test$/ ${{1}}
""",
    "from_outside": """
/^Authentication-Results:/ IGNORE
""",
    # What the author wrote is taken out; what Postfix found is put on top of its own Received, which is the
    # first field. A forged Received of that form gets the mark as well, but below, where it counts for nothing.
    "from_submission": r"""
/^Authentication-Results:/ IGNORE
/^Received: from .*\(Authenticated sender: ([a-z]+)\).*by {host}/
  PREPEND Authentication-Results: {host}; auth=pass smtp.auth=${{1}}@{domain}; dmarc=pass header.from={domain}
""",
}


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as wire:
            return wire.recv(4) == b"220 "
    except OSError:
        return False


def require_postfix() -> None:
    """Fail in CI, skip elsewhere, with what to do, when there is no Postfix or it may not start."""
    problem = ADVICE if find_program() is None else NOT_ROOT if os.geteuid() != 0 else ""
    if problem:
        if os.environ.get("CI") == "true":
            pytest.fail(problem)
        pytest.skip(problem)
