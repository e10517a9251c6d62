"""Real mail programs, for tests: s-nail, mutt (which sends by msmtp) and swaks.

Each is driven as a person drives it, reads the person's mailbox by IMAP with TLS and sends through Postfix's
submission port with STARTTLS and a login. What they quote, and how, is theirs.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.peers.mail_house import PASSWORD, MailHouse, address

PROGRAMS: Final = ("s-nail", "mutt", "msmtp", "swaks")
ADVICE: Final = (
    "Mail programs are not on this machine: install them with "
    "`apt-get install --no-install-recommends s-nail mutt msmtp swaks` (Debian, Ubuntu); "
    "`make peers` does so where it may"
)
SECONDS: Final = 30.0


def missing_programs() -> list[str]:
    """Those of the programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def require_mail_clients() -> None:
    """Fail in CI, skip elsewhere, with what to install, when a program is not there."""
    if missing_programs():
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)


class Person:
    """Somebody of the house with a mail program of their own. ``folder``: where its settings may lie."""

    def __init__(self, house: MailHouse, name: str, shown: str, folder: Path) -> None:
        self.house = house
        self.name = name
        self.sender = f"{shown} <{address(name)}>"
        self.shown = shown
        self.home = folder / name
        self.home.mkdir()
        self.settle()

    def settle(self) -> None:
        """Write the program's settings."""

    def run(self, *command: str, words: str = "") -> str:
        """Run a program of this person's; what it said. Raises ``RuntimeError`` when it failed."""
        done = subprocess.run(
            command,
            input=words.encode(),
            check=False,
            capture_output=True,
            timeout=SECONDS,
            env=self._environment,
            cwd=self.home,
        )
        if done.returncode:
            raise RuntimeError(
                f"{shlex.join(command)}: {(done.stdout + done.stderr).decode(errors='replace')}"
            )
        return done.stdout.decode(errors="replace")

    def run_on_a_terminal(self, *command: str) -> None:
        """Run a program that wants a terminal. Raises ``RuntimeError`` with its screen when it does not end well."""
        ours, its = os.openpty()
        screen = b""
        try:
            with subprocess.Popen(
                command, stdin=its, stdout=its, stderr=its, env=self._environment, cwd=self.home
            ) as process:
                os.close(its)
                deadline = time.monotonic() + SECONDS
                while process.poll() is None and time.monotonic() < deadline:
                    if select.select([ours], [], [], 0.05)[0]:
                        with suppress(OSError):  # it has closed the terminal
                            screen += os.read(ours, 65_536)
                if process.poll() is None:
                    process.kill()
        finally:
            os.close(ours)
        if process.returncode:
            raise RuntimeError(f"{shlex.join(command)}: {screen[-3000:].decode(errors='replace')}")

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
        }

    @property
    def inbox(self) -> str:
        """Where the mailbox is, as a URL."""
        return f"imaps://{self.name}:{PASSWORD}@localhost:{self.house.dovecot.imaps}/INBOX"


class Snail(Person):
    """Somebody who uses s-nail: it quotes first, and the person writes below."""

    def settle(self) -> None:
        (self.home / "settings").write_text(
            f'set v15-compat from="{self.sender}" sendcharsets=utf-8 quote indentprefix="> "\n'
            f"set mta=smtp://{self.name}:{PASSWORD}@localhost:{self.house.postfix.submission} smtp-use-starttls\n"
            f"set tls-ca-file={self.house.certificate.file} tls-ca-no-defaults tls-verify=strict\n"
        )

    def write(self, to: str, subject: str, words: str) -> None:
        """Send a new mail."""
        self._snail("-s", subject, to, words=words)

    def reply(self, number: int, words: str) -> None:
        """Answer a mail of the mailbox; 1 is the oldest."""
        self._snail("-f", self.inbox, words=f"reply {number}\n{words}\n~.\nxit\n")

    def _snail(self, *arguments: str, words: str) -> None:
        self.run("s-nail", "-n", "-#", "-X", "source settings", *arguments, words=words)


class Mutt(Person):
    """Somebody who uses mutt: the words go above the quote."""

    def settle(self) -> None:
        server = f"imaps://{self.name}:{PASSWORD}@localhost:{self.house.dovecot.imaps}/"
        (self.home / "muttrc").write_text(
            f'set realname="{self.shown}" from="{address(self.name)}" use_from=yes\n'
            f'set sendmail="{shutil.which("msmtp")} -C {self.home}/msmtprc"\n'
            f'set folder="{server}" spoolfile="{server}INBOX" record="" header_cache=""\n'
            f'set certificate_file="{self.house.certificate.file}" editor="{self.home}/editor"\n'
            "set include=yes reply_to=yes fast_reply=yes abort_unmodified=no recall=no move=no delete=no\n"
            "set wait_key=no confirmappend=no sleep_time=0 sort=mailbox-order signature=~/.signature\n"
        )
        msmtp = self.home / "msmtprc"
        msmtp.write_text(
            f"account default\nhost localhost\nport {self.house.postfix.submission}\n"
            f"tls on\ntls_starttls on\ntls_trust_file {self.house.certificate.file}\n"
            f"auth plain\nuser {self.name}\npassword {PASSWORD}\nfrom {address(self.name)}\n"
        )
        msmtp.chmod(0o600)
        (self.home / ".signature").write_text(f"{self.shown}\nExtension 217, never on Fridays\n")
        editor = self.home / "editor"
        editor.write_text('#!/bin/sh\ncat words "$1" >both && cat both >"$1"\n')
        editor.chmod(0o700)

    def reply_to_last(self, words: str) -> None:
        """Answer the newest mail of the mailbox, with what mutt quotes and the person's signature below."""
        (self.home / "words").write_text(f"{words}\n\n")
        keys = "push <last-entry><reply><send-message><exit>"
        self.run_on_a_terminal("mutt", "-n", "-F", "muttrc", "-e", keys)


def swaks(port: int, *arguments: str) -> str:
    """A mail by swaks to a port of this machine; what it and the server said to each other."""
    command = ["swaks", "--server", "127.0.0.1", "--port", str(port), "--helo", "client.test", *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"swaks: {(done.stdout + done.stderr).decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


def letter(
    name: str, subject: str, words: str = "Please help.", *more: str, to: str = address("help")
) -> list[str]:
    """The arguments with which swaks writes a mail of somebody's."""
    sender = address(name)
    return ["--from", sender, "--to", to, "--h-Subject", subject, "--body", f"{words}\n", *more]


def login(name: str) -> list[str]:
    """The arguments with which swaks logs in."""
    return ["--tls", "--auth", "PLAIN", "--auth-user", name, "--auth-password", PASSWORD]


@pytest.fixture(scope="session")
def mail_programs() -> None:
    """Skips, or fails in CI, where they are not."""
    require_mail_clients()
