"""Access tokens for mailboxes: Microsoft 365 by client credentials, Google by a refresh token.

The libraries are loaded when a mailbox asks for them: each takes about 25 MB. Both need the token service by
HTTPS. What it refuses for good is ``LoginRefused``, so that a person hears of it; what is broken or busy is
``Lost``, and tried again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.channels.imap_faults import LoginRefused, Lost
from bot.channels.imap_login import Tokens
from bot.config import Imap
from bot.log import register_secret

if TYPE_CHECKING:
    import requests

MICROSOFT: Final = "https://login.microsoftonline.com"
MICROSOFT_SCOPE: Final = "https://outlook.office365.com/.default"
GOOGLE: Final = "https://oauth2.googleapis.com/token"
GOOGLE_SCOPE: Final = "https://mail.google.com/"
_SECONDS: Final = 20
_BUSY: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down", "internal_failure"})
_SPARE: Final = timedelta(minutes=3)
"""A token that ends sooner is not used any more."""


class Vault:
    """Where a renewed refresh token is kept, sealed."""

    def __init__(self, key: bytes, load: Callable[[], str | None], save: Callable[[str], None]) -> None:
        self._load = load
        self._save = save
        self._key = base64.urlsafe_b64encode(hashlib.sha256(b"mailbox credential\0" + key).digest())

    def newest(self, configured: str) -> str:
        """The token to begin with: the one that was renewed, unless somebody has configured another since."""
        from cryptography.fernet import Fernet, InvalidToken

        sealed = self._load()
        if sealed is None:
            return configured
        try:
            kept = json.loads(Fernet(self._key).decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            return configured  # sealed with another secret of the desk
        return str(kept["token"]) if kept["began"] == _mark(configured) else configured

    def keep(self, configured: str, token: str) -> None:
        """Keep a renewed token, before the old one may be refused."""
        from cryptography.fernet import Fernet

        kept = json.dumps({"began": _mark(configured), "token": token}).encode()
        self._save(Fernet(self._key).encrypt(kept).decode())


def _mark(token: str) -> str:
    return hashlib.sha256(b"began\0" + token.encode()).hexdigest()


def tokens_for(section: Imap, vault: Vault) -> Tokens:
    """Where this mailbox's tokens come from."""
    return MicrosoftTokens(section) if section.auth == "microsoft" else GoogleTokens(section, vault)


class MicrosoftTokens:
    """The application's own right to the mailbox (IMAP.AccessAsApp), in any of Microsoft's clouds."""

    def __init__(self, section: Imap) -> None:
        self._section = section
        self._scopes = [section.scope or MICROSOFT_SCOPE]
        self._application: Any = None

    def current(self) -> str:
        """From msal's memory as long as it is good. Raises ``LoginRefused`` or ``Lost``."""
        import requests

        try:
            if self._application is None:
                self._application = self._make()
            answer = self._application.acquire_token_for_client(scopes=self._scopes)
        except requests.RequestException as error:
            raise Lost(f"the token service cannot be reached ({type(error).__name__})") from error
        except ValueError as error:
            # msal, on an unknown tenant and on an answer that is no JSON.
            raise Lost(
                f"the token service does not know this tenant, or talks nonsense: {_short(error)}"
            ) from error
        token = answer.get("access_token")
        if isinstance(token, str):
            return token
        raise _refusal(answer.get("error"), answer.get("error_description"))

    def refused(self) -> None:
        """Forget the current token."""
        if self._application is not None:
            self._application.remove_tokens_for_client()

    def _make(self) -> Any:
        import msal

        section = self._section
        authority = (section.token_url or MICROSOFT).rstrip("/")
        return msal.ConfidentialClientApplication(
            section.client_id,
            client_credential=section.client_secret.get_secret_value(),
            authority=f"{authority}/{section.tenant}",
            instance_discovery=False,  # another cloud's authority is as the configuration says
            http_client=_web(section),
        )


class GoogleTokens:
    """A person's consent, renewed again and again."""

    def __init__(self, section: Imap, vault: Vault) -> None:
        self._section = section
        self._vault = vault
        self._token = ""
        self._until = datetime.min.replace(tzinfo=UTC)

    def current(self) -> str:
        """The last one as long as it is good. Raises ``LoginRefused`` or ``Lost``."""
        if not self._token or datetime.now(UTC) > self._until - _SPARE:
            self._renew()
        return self._token

    def refused(self) -> None:
        """Forget the current token."""
        self._token = ""

    def _renew(self) -> None:
        from google.auth.exceptions import RefreshError, TransportError
        from google.auth.transport.requests import Request
        from google.oauth2.credentials import Credentials

        section = self._section
        configured = section.refresh_token.get_secret_value()
        begun = self._vault.newest(configured)
        register_secret(begun)
        make: Any = Credentials  # the package has types for some of it
        credentials = make(
            token=None,
            refresh_token=begun,
            token_uri=section.token_url or GOOGLE,
            client_id=section.client_id,
            client_secret=section.client_secret.get_secret_value(),
            scopes=[section.scope or GOOGLE_SCOPE],
        )
        with _web(section) as session:
            try:
                credentials.refresh(Request(session))
            except TransportError as error:
                raise Lost("the token service cannot be reached") from error
            except RefreshError as error:
                raise _google_refusal(error) from error
        renewed = credentials.refresh_token
        if renewed and renewed != begun:
            register_secret(renewed)
            self._vault.keep(configured, renewed)
        self._token = str(credentials.token)
        expiry = credentials.expiry
        self._until = expiry.replace(tzinfo=UTC) if expiry else datetime.now(UTC) + timedelta(minutes=30)


def _web(section: Imap) -> requests.Session:
    """Asks the token service: within some seconds, trusting whom the configuration says. A certificate bundle
    in the environment would win over ``Session.verify``, so it is said with each request."""
    import requests

    class Web(requests.Session):
        def request(self, *arguments: Any, **settings: Any) -> requests.Response:
            settings["timeout"] = _SECONDS
            if section.ca_file:
                settings["verify"] = str(section.ca_file)
            return super().request(*arguments, **settings)

    return Web()


def _google_refusal(error: Exception) -> Lost | LoginRefused:
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    if not said:  # no answer of a token service: HTML from a proxy and the like
        return Lost("the token service talks nonsense")
    return _refusal(said.get("error"), said.get("error_description"))


def _refusal(code: object, words: object) -> Lost | LoginRefused:
    said = f"{code}: {_short(words)}"
    if code in _BUSY:
        return Lost(f"the token service is busy: {said}")
    return LoginRefused(f"the token service refuses: {said}")


def _short(words: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(words or ""))[:200]
