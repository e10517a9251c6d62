"""Who we are, and who the server is: TLS, passwords, tokens (SECURITY.md, rows B10, B15, L1)."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config import Imap
from bot.log import JsonLine
from bot.store import mailboxes
from tests.channels.imap_world import World, mail, scripted, section
from tests.peers.certificates import make_certificate
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.imap_server import Fault, ImapServer
from tests.peers.oauth import SECRET, TokenServer


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """All that is logged, at every level, by us and by the libraries."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def taken(world: World, dovecot: Dovecot, box: Imap) -> None:
    dovecot.deliver(box.user, mail(len(world.rows()) + 1))
    async with world.reading(box) as told:
        await world.has(len(world.rows()) + 1)
        await told.again()


async def test_a_mailbox_is_read_over_starttls(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    box = section(dovecot, user, port=dovecot.imap, tls="starttls")
    dovecot.deliver(user, mail(1))
    async with world.reading(box) as told:
        await world.has(1)
        await told.until("looked")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_b15_a_certificate_that_is_not_trusted_gets_no_password(
    world: World, dovecot: Dovecot, tmp_path: Path, tls: str
) -> None:
    foreign = make_certificate(tmp_path / "foreign")
    port = dovecot.imaps if tls == "implicit" else dovecot.imap
    box = section(dovecot, dovecot.new_user(), ca_file=foreign.file, port=port, tls=tls)
    async with world.reading(box) as told:
        await told.until("disconnected", 2)
        assert not told.serving
        assert "accepted" not in told.events


async def test_b15_a_certificate_for_another_name_is_refused(world: World, dovecot: Dovecot) -> None:
    box = section(dovecot, dovecot.new_user(), host="127.0.0.2")
    async with world.reading(box) as told:
        await told.until("disconnected")
        assert "accepted" not in told.events


@pytest.mark.parametrize("offers", ["IMAP4rev1 IDLE", "IMAP4rev1 IDLE STARTTLS"])
async def test_b15_who_takes_starttls_away_gets_no_password(world: World, offers: str) -> None:
    async with ImapServer(mail(1), capabilities=offers) as server:
        server.faults = [Fault("STARTTLS", "no", times=99)]
        async with world.reading(scripted(server, tls="starttls")) as told:
            await told.until("disconnected")
        assert server.logins == []


async def test_b15_words_injected_before_tls_end_the_connection(world: World) -> None:
    async with ImapServer(mail(1), capabilities="IMAP4rev1 STARTTLS") as server:
        injected = b"A1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"

        def answer(line: str, *, after: bool) -> Fault | None:
            if line == "STARTTLS" and not after:
                return Fault("", "drop", words=injected.replace(b"A1", server.last_tag))
            return None

        server.fault_for = answer  # type: ignore[method-assign]  # the words need the tag
        async with world.reading(scripted(server, tls="starttls")) as told:
            await told.until("disconnected")
        assert server.logins == []


async def test_a_greeting_that_says_preauth_does_not_get_past_tls(world: World) -> None:
    async with ImapServer(mail(1), capabilities="IMAP4rev1 STARTTLS") as server:
        server.greeting = b"* PREAUTH come in"
        async with world.reading(scripted(server, tls="starttls")) as told:
            await told.until("disconnected")
        assert world.rows() == []


@pytest.mark.parametrize("wrong", [{"tls": "off"}, {"tls": "off", "host": "127.0.0.1.example.com"}])
def test_no_password_is_sent_in_the_open_to_another_machine(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="in the open"):
        Imap.model_validate({"host": "mail.example.com", "user": "u", "password": "p", **wrong})


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"user": "u"}, "password"),
        ({"user": "u", "auth": "microsoft", "client_id": "x"}, "tenant, client_secret"),
        ({"user": "u", "auth": "google"}, "client_id, client_secret, refresh_token"),
        ({"user": "u", "password": "p", "poll": "11m"}, "poll"),
        ({"user": "u", "password": "p", "processed": "INBOX"}, "processed"),
    ],
)
def test_a_mailbox_that_cannot_work_is_told_with_its_key(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Imap.model_validate({"host": "localhost", **keys})


@pytest.mark.parametrize("offers", ["IMAP4rev1 IDLE", "IMAP4rev1 IDLE AUTH=PLAIN"])
async def test_a_password_with_quotes_gets_through_by_either_command(world: World, offers: str) -> None:
    async with ImapServer(mail(1), capabilities=offers) as server:
        server.password = 'a "quoted" \\ password'
        async with world.reading(scripted(server, password=server.password)):
            await world.has(1)


async def test_l1_no_password_is_logged_at_any_level(
    world: World, dovecot: Dovecot, said: io.StringIO
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, mail(1, body="canary in the body"))
    async with world.reading(section(dovecot, user)) as told:
        await told.until("looked")
    async with world.reading(section(dovecot, user, password="wrong canary")) as told:
        await told.until("login-refused")
    words = said.getvalue()
    assert "imap.login-refused" in words
    assert PASSWORD not in words
    assert "canary" not in words


async def test_microsoft_365_is_read_with_the_applications_token(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        box = section(dovecot, user, **microsoft(service))
        await taken(world, dovecot, box)
        assert service.asked[0]["grant_type"] == "client_credentials"
        assert service.asked[0]["scope"] == "https://outlook.office365.com/.default"


async def test_one_token_serves_for_many_connections(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        async with world.reading(section(dovecot, user, **microsoft(service))) as told:
            await told.until("looked")
            dovecot.kill_connections()
            await told.until("accepted", 2)
        assert len(service.asked) == 1


async def test_b10_an_expired_application_secret_is_told_once_and_recovers(
    world: World, dovecot: Dovecot
) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        service.secret = "another by now"
        async with world.reading(section(dovecot, user, **microsoft(service))) as told:
            await told.until("login-refused", 2)
            assert told.alarms == ["the token service refuses: invalid_client: The secret has expired."]
            assert not told.serving
            service.secret = SECRET
            await told.until("looked")
            assert told.serving


async def test_a_token_that_the_mail_server_refuses_is_asked_for_anew(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        service.user = "somebody-else"
        async with world.reading(section(dovecot, user, **microsoft(service))) as told:
            await told.until("login-refused")
            service.user = user
            await told.until("looked")


async def test_b10_a_wrong_tenant_is_no_reason_to_stop_trying(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        async with world.reading(section(dovecot, user, **{**microsoft(service), "tenant": "other"})) as told:
            await told.until("disconnected", 2)
            assert not told.serving


async def test_a_busy_token_service_is_asked_again(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        service.busy = 1
        async with world.reading(section(dovecot, user, **microsoft(service))) as told:
            await told.until("looked")
            assert "login-refused" not in told.events


async def test_google_is_read_with_a_refresh_token(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        await taken(world, dovecot, section(dovecot, user, **google(service)))
        assert service.asked[0]["refresh_token"] == "refresh-1"
        assert service.asked[0]["scope"] == "https://mail.google.com/"


async def test_b10_a_revoked_consent_is_told_once(world: World, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        service.refresh_token = "refresh-77"
        async with world.reading(section(dovecot, user, **google(service))) as told:
            await told.until("login-refused", 2)
            assert len(told.alarms) == 1
            assert "invalid_grant" in told.alarms[0]


async def test_a_renewed_refresh_token_is_kept_sealed_until_another_is_configured(
    world: World, dovecot: Dovecot
) -> None:
    user = dovecot.new_user()
    with TokenServer(dovecot.certificate, dovecot.oauth_keys, user) as service:
        service.rotates = True
        for _ in range(3):  # each time a new process, which knows the configuration and the database
            async with world.reading(section(dovecot, user, **google(service))) as told:
                await told.until("looked")
        assert [form["refresh_token"] for form in service.asked] == ["refresh-1", "refresh-2", "refresh-3"]
        sealed = world.store.read_now(lambda tx: mailboxes.credential(tx, "support"))
        assert sealed is not None
        assert "refresh-" not in sealed
        service.refresh_token = "refresh-50"
        box = section(dovecot, user, **{**google(service), "refresh_token": "refresh-50"})
        async with world.reading(box) as told:
            await told.until("looked")


def microsoft(service: TokenServer) -> dict[str, Any]:
    return {
        "auth": "microsoft",
        "tenant": "tenant",
        "client_id": "app",
        "client_secret": SECRET,
        "token_url": service.url,
    }


def google(service: TokenServer) -> dict[str, Any]:
    return {
        "auth": "google",
        "client_id": "app",
        "client_secret": SECRET,
        "refresh_token": "refresh-1",
        "token_url": f"{service.url}/token",
    }
