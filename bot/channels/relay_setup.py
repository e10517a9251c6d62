"""What must be right before a first word goes to the relay, and what to tell an administrator when it is not."""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from bot.errors import ConfigError

if TYPE_CHECKING:
    from bot.config import Relay

_CHAIN: Final = 5
"""How many causes deep an error is searched for the one that says why."""


def checked_context(relay: Relay) -> ssl.SSLContext | None:
    """The TLS settings of the relay, or None when ``relay.tls`` is off. Certificates are always verified.

    Raises ``ConfigError`` for what can be seen without a connection.
    """
    if relay.user and not relay.password.get_secret_value():
        raise ConfigError("relay.password: relay.user is set, so a password is needed")
    if relay.tls == "off":
        if relay.user and not is_loopback((relay.host,)):
            raise ConfigError(
                f'relay.tls: "off" would send the password to {relay.host} in the clear; '
                'use "starttls" or "implicit", or leave relay.user empty'
            )
        return None
    if relay.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=relay.ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError: no PEM in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no certificate in it"
        raise ConfigError(f"relay.ca_file: cannot use {relay.ca_file}: {reason}") from None


def is_loopback(address: Any) -> bool:
    """Whether a host, or a socket's address, is this machine."""
    host = str(address[0]) if isinstance(address, tuple) and address else ""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def our_name(address: Any) -> str:
    """What to say in EHLO: this machine's full name, or else its address as a literal (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name.strip(".") and name.isascii() and name.replace("-", "").replace(".", "").isalnum():
        return name
    host = str(address[0]).partition("%")[0] if isinstance(address, tuple) and address else "127.0.0.1"
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"


def advise(error: Exception, relay: Relay) -> str:
    """Why there is no connection, and what to do about it."""
    where = f"{relay.host}:{relay.port}"
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the relay's certificate cannot be trusted ({cause.verify_message or cause.reason}): it must be "
                f"renewed or corrected at {relay.host}, or relay.ca_file must name the authority that signed it"
            )
        if isinstance(cause, ssl.SSLError):
            return (
                f"TLS with the relay {where} failed ({getattr(cause, 'reason', None) or 'no reason given'}): port 465 wants "
                'relay.tls = "implicit", ports 587 and 25 want "starttls"'
            )
        if isinstance(cause, socket.gaierror):
            return f"the name of the relay, {relay.host}, is not known ({cause.strerror}): check relay.host"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return (
            f"the relay {where} did not answer within {relay.timeout.total_seconds():g} s: check relay.host, "
            "relay.port and relay.tls, and that no firewall is between"
        )
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return f"the relay {where} cannot be reached ({cause.strerror}): check relay.host and relay.port"
    return f"the relay {where} closed the connection: check relay.port and relay.tls"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < _CHAIN:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
