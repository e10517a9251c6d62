"""A private Dovecot for tests: in a temporary folder, on free ports of this machine, as root or not.

Tests ask for the fixture ``dovecot``: this worker's server, on which each test makes mailboxes of its own.
"""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedRWPair
from pathlib import Path
from typing import Final

import pytest

from tests.peers.certificates import Certificate, make_certificate

ADVICE: Final = (
    "Dovecot is not on this machine: install it with "
    "`apt-get install --no-install-recommends dovecot-imapd dovecot-lmtpd` (Debian, Ubuntu); "
    "`make peers` does so where it may"
)
READY_SECONDS: Final = 20.0
MOST_USERS: Final = 1000
PASSWORD: Final = 'a secret, with "quotes" and \N{LATIN SMALL LETTER E WITH ACUTE}'


def find_program() -> str | None:
    """Where Dovecot is; None: it is not installed, or not all of it."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    parts = all(Path(f"/usr/lib/dovecot/{name}").exists() for name in ("imap", "imap-login", "lmtp"))
    return program if program and parts else None


class Dovecot:
    """One Dovecot. ``oauth_keys``: public keys, by the names in tokens, for which it believes these."""

    def __init__(self) -> None:
        program = find_program()
        if program is None:
            raise FileNotFoundError(ADVICE)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        names = [f"user{number}" for number in range(1, MOST_USERS)]
        self._names = iter(names)
        self.folder = Path(tempfile.mkdtemp(prefix="deskbot-dovecot-"))
        self.folder.chmod(0o755)
        self.oauth_keys = self.folder / "keys" / "default" / "RS256"
        self.oauth_keys.mkdir(parents=True)
        self.certificate: Certificate = make_certificate(self.folder / "tls")
        self.imap, self.imaps, self.lmtp = _free_ports(3)
        (self.folder / "mail").mkdir()
        # All at once: Dovecot looks for new ones once a second only.
        (self.folder / "users").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}::::::\n" for name in names))
        self._write_configuration()

    def start(self) -> None:
        """Start; returns when logins are taken."""
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [self._program, "-F", "-c", str(self.folder / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while not _greets(self.imap):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("Dovecot does not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Shut down, and cut off whoever is connected."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)  # it would wait for clients with TLS until they go
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_user(self) -> str:
        """A mailbox that nobody else has, empty; its password is ``PASSWORD``."""
        return next(self._names)

    def deliver(self, user: str, *mails: bytes) -> None:
        """As a mail server would: by LMTP, into INBOX."""
        with socket.create_connection(("127.0.0.1", self.lmtp), 20) as wire, wire.makefile("rwb") as lmtp:
            _answer(lmtp, None, b"220")
            _answer(lmtp, b"LHLO test", b"250")
            for mail in mails:
                _answer(lmtp, b"MAIL FROM:<sender@example.com>", b"250")
                _answer(lmtp, b"RCPT TO:<%s>" % user.encode(), b"250")
                _answer(lmtp, b"DATA", b"354")
                body = b"\r\n".join(
                    b"." + line if line.startswith(b".") else line for line in mail.splitlines()
                )
                _answer(lmtp, body + b"\r\n.", b"250")
            _answer(lmtp, b"QUIT", b"221")

    def client(self, user: str) -> imaplib.IMAP4:
        """Another mail program of the same user, logged in."""
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=20)
        client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
        return client

    def count(self, user: str, folder: str = "INBOX") -> int:
        """How many mails are in a folder; 0 when there is none."""
        with self.client(user) as client:
            typ, data = client.select(f'"{folder}"', readonly=True)
            return int(data[0] or 0) if typ == "OK" else 0

    def maildir(self, user: str, folder: str = "") -> Path:
        """The files of a folder; "" is INBOX."""
        return self.folder / "mail" / user / (f".{folder}" if folder else "")

    def kill_connections(self) -> None:
        """``kill -9`` to every process that serves somebody."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in children:
            with suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"dovecot/imap"):
                    os.kill(int(pid), signal.SIGKILL)

    def _write_configuration(self) -> None:
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.getuid())
        owner = pwd.getpwnam("mail") if root else me
        internal = pwd.getpwnam("dovecot") if root else me
        if root:
            for path in (self.folder / "mail",):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        (self.folder / "oauth2.ext").write_text(
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
            "username_attribute = email\nusername_format = %Lu\n"
        )
        (self.folder / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                imap=self.imap,
                imaps=self.imaps,
                lmtp=self.lmtp,
                certificate=self.certificate.file,
                key=self.certificate.key,
                owner=owner.pw_name,
                owners=grp.getgrgid(owner.pw_gid).gr_name,
                internal=internal.pw_name,
                internals=grp.getgrgid(internal.pw_gid).gr_name,
                login="dovenull" if root else me.pw_name,
            )
        )


_CONFIGURATION: Final = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internals}
default_login_user = {login}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_cache_size = 0
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%n
mail_uid = {owner}
mail_gid = {owners}
first_valid_uid = 0
first_valid_gid = 0
mail_fsync = never
mailbox_list_index = yes
mail_max_userip_connections = 50
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.ext
}}
passdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
  default_fields = uid={owner} gid={owners} home={folder}/mail/%n.home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def _answer(wire: BufferedRWPair, command: bytes | None, wanted: bytes) -> None:
    if command is not None:
        wire.write(command + b"\r\n")
        wire.flush()
    while (line := wire.readline())[3:4] == b"-":
        pass
    if not line.startswith(wanted):
        raise RuntimeError(f"Dovecot's LMTP says {line!r}")


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as wire:
            return wire.recv(4) == b"* OK"
    except OSError:
        return False


def _free_ports(number: int) -> list[int]:
    """Dovecot takes no port 0: ports that were free a moment ago, all different."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(listening.getsockname()[1]) for listening in taken]
    for listening in taken:
        listening.close()
    return ports


def require_dovecot() -> None:
    """Fail in CI, skip elsewhere, with what to install, when there is no Dovecot."""
    if find_program() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)


def _served() -> Iterator[Dovecot]:
    require_dovecot()
    server = Dovecot()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """The Dovecot of this test worker; do not stop it."""
    yield from _served()


@pytest.fixture
def own_dovecot() -> Iterator[Dovecot]:
    """A Dovecot for one test, that may be stopped and started."""
    yield from _served()
