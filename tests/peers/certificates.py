"""Certificates for tests, made when they are asked for by the ``openssl`` program: good, foreign, expired."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_SETTINGS: Final = """
[ca]
default_ca = self
[self]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = {names}
basicConstraints = CA:TRUE
"""


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate: it is its own authority, so ``file`` is also what a client may trust."""

    file: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(
    folder: Path, *, names: str = "DNS:localhost,IP:127.0.0.1", ended: timedelta = timedelta(days=-1)
) -> Certificate:
    """A certificate for ``names`` in ``folder``, which is made; it ended so long ago (one day from now)."""
    folder.mkdir(parents=True)
    end = datetime.now(UTC) - ended
    (folder / "settings").write_text(_SETTINGS.format(names=names))
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01")
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")
    _openssl(
        folder,
        "req",
        "-new",
        "-key",
        "key.pem",
        "-subj",
        "/CN=a test",
        "-config",
        "/dev/null",
        "-out",
        "request",
    )
    moments = [moment.strftime("%Y%m%d%H%M%SZ") for moment in (end - timedelta(days=7), end)]
    dates = ["-startdate", moments[0], "-enddate", moments[1]]
    signing = ["-config", "settings", "-selfsign", "-keyfile", "key.pem", "-batch", "-notext"]
    _openssl(folder, "ca", *signing, *dates, "-in", "request", "-out", "certificate.pem")
    return Certificate(folder / "certificate.pem", folder / "key.pem")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
