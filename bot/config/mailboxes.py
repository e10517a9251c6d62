"""The mailboxes that are read by IMAP."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.config.kinds import Duration, Port, Section


def _folder(value: str) -> str:
    if not value.isprintable() or len(value) > 200:
        raise ValueError("not a folder's name: no control characters, at most 200 characters")
    return value


Folder = Annotated[str, AfterValidator(_folder)]


class Imap(Section):
    """One mailbox. Its name in ``[imap.NAME]`` is the channel's."""

    enabled: bool = True
    host: str = "localhost"
    port: Port = 993
    tls: Literal["implicit", "starttls", "off"] = "implicit"
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    user: str = ""
    address: str = ""
    """What people write to; empty: ``user`` when that is an address."""
    auth: Literal["password", "microsoft", "google"] = "password"
    password: SecretStr = SecretStr("")
    tenant: str = ""
    """Microsoft 365: the directory."""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    """Google: where it begins; a newer one that Google gives is kept in the database."""
    token_url: str = ""
    """Microsoft: the authority of a sovereign cloud; Google: the token endpoint. Empty: the usual one."""
    scope: str = ""
    """Empty: the usual one."""
    folder: Folder = Field(default="INBOX", min_length=1)
    after: Literal["move", "flag"] = "move"
    """What becomes of a mail that is in the database."""
    processed: Folder = Field(default="Processed", min_length=1)
    failed: Folder = Field(default="Failed", min_length=1)
    first_run: Literal["new", "all"] = "new"
    """What of a mailbox that was never read before."""
    poll: Duration = timedelta(minutes=3)
    """IDLE is renewed, or the mailbox looked at, this often."""
    idle: bool = True
    max_size: int = Field(default=26_214_400, ge=65_536)
    timeout: Duration = timedelta(seconds=60)

    @property
    def own_address(self) -> str:
        """Where people reach this mailbox, as far as we know."""
        return self.address or (self.user if "@" in self.user else "")

    @model_validator(mode="after")
    def _can_be_used(self) -> Imap:
        if not timedelta(seconds=1) <= self.poll <= timedelta(minutes=10):
            raise ValueError("poll: between 1s and 10m; servers end a longer IDLE")
        if self.tls == "off" and not _is_here(self.host):
            raise ValueError(
                'tls: "off" is for a server on this machine only; a password would travel in the open'
            )
        if self.folder in {self.processed, self.failed}:
            raise ValueError("processed, failed: not the folder that is read")
        wanted = {
            "password": ("user", "password"),
            "microsoft": ("user", "tenant", "client_id", "client_secret"),
            "google": ("user", "client_id", "client_secret", "refresh_token"),
        }[self.auth]
        missing = [key for key in wanted if not _given(getattr(self, key))]
        if self.enabled and missing:
            raise ValueError(f'auth = "{self.auth}" needs {", ".join(missing)}')
        return self


def _given(value: str | SecretStr) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
