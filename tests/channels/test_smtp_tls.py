"""Encryption, and logging in under it."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.smtp_auth import Patience, decode, hash_password, read_hash, split_plain, verify_password
from bot.channels.smtp_limits import tls_context
from bot.config import Smtp
from bot.errors import ChannelError
from tests.channels.smtp_peer import Client, Inbox, client, open_door, place_free
from tests.peers.certificates import Certificate, make_certificate

PASSWORD = "correct horse"
HASH = hash_password(PASSWORD, b"a salt for tests")
ACCOUNTS = {"relay": HASH}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("smtp") / "good")


def with_tls(certificate: Certificate, mode: str = "starttls", **more: Any) -> dict[str, Any]:
    return {"tls": mode, "certificate": certificate.file, "key": certificate.key, **more}


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.file))


async def encrypt(peer: Client, certificate: Certificate) -> None:
    assert (await peer.say(b"STARTTLS")).startswith(b"220")
    await peer.writer.start_tls(trusting(certificate), server_hostname="localhost")


def plain(name: str, password: str) -> bytes:
    return base64.b64encode(f"\0{name}\0{password}".encode())


async def test_a_mail_passes_after_starttls(certificate: Certificate) -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, **with_tls(certificate)) as door, client(door.port) as peer:
        assert b"STARTTLS" in await peer.hello()
        await encrypt(peer, certificate)
        greeting = await peer.hello()
        assert b"STARTTLS" not in greeting
        assert b"AUTH" not in greeting  # nobody has an account
        assert (await peer.say(b"STARTTLS")).startswith(b"503")
        big = b"Subject: x\r\n\r\n" + b"a line of some length\r\n" * 40_000
        assert (await peer.mail(big)).startswith(b"250")
        assert (await peer.say(b"QUIT")).startswith(b"221")
        assert await peer.rest() == b""
    assert inbox.payloads[0].raw == big
    assert inbox.payloads[0].envelope["tls"] is True


async def test_a_mail_passes_with_implicit_tls(certificate: Certificate) -> None:
    inbox = Inbox()
    async with (
        open_door(inbox.accept, **with_tls(certificate, "implicit")) as door,
        client(door.port, tls=trusting(certificate)) as peer,
    ):
        assert (await peer.mail()).startswith(b"250")
    assert inbox.payloads[0].envelope["tls"] is True


async def test_a11_a_client_that_never_starts_tls_is_cut_and_gives_its_place_back(
    certificate: Certificate,
) -> None:
    limits: dict[str, Any] = {
        "command_timeout": timedelta(milliseconds=300),
        "max_connections_per_address": 1,
    }
    async with open_door(Inbox().accept, **with_tls(certificate, "implicit", **limits)) as door:
        async with client(door.port, greet=False) as silent:
            async with client(door.port, greet=False) as second:
                assert await second.rest() == b""  # before any handshake
            assert await silent.rest() == b""
        async with client(door.port, tls=trusting(certificate)) as peer:
            assert (await peer.say(b"NOOP")).startswith(b"250")


async def test_a11_a_client_that_asks_for_tls_and_stays_silent_gives_its_place_back(
    certificate: Certificate,
) -> None:
    limits: dict[str, Any] = {
        "command_timeout": timedelta(milliseconds=300),
        "max_connections_per_address": 1,
    }
    async with open_door(Inbox().accept, **with_tls(certificate, **limits)) as door:
        async with client(door.port) as silent:
            await silent.say(b"STARTTLS")
            assert await silent.rest() == b""
        await asyncio.wait_for(place_free(door.port), 5)


async def test_a16_what_is_said_before_encryption_is_forgotten(certificate: Certificate) -> None:
    inbox = Inbox()
    async with open_door(inbox.accept, **with_tls(certificate)) as door, client(door.port) as peer:
        await peer.say(b"MAIL FROM:<early@x>")
        await peer.send(b"STARTTLS\r\nMAIL FROM:<injected@x>\r\n")
        assert (await peer.answer()).startswith(b"220")
        await peer.writer.start_tls(trusting(certificate), server_hostname="localhost")
        assert (await peer.say(b"RCPT TO:<help@localhost>")).startswith(b"503")
        assert (await peer.say(b"MAIL FROM:<a@x>")).startswith(b"503")  # the greeting is forgotten too
        await peer.hello()
        assert (await peer.mail()).startswith(b"250")
    assert inbox.payloads[0].envelope["mail_from"] == "ann@example.org"


async def test_a16_a_handshake_that_is_none_ends_the_connection(certificate: Certificate) -> None:
    async with open_door(Inbox().accept, **with_tls(certificate)) as door:
        async with client(door.port) as peer:
            await peer.say(b"STARTTLS")
            await peer.send(b"MAIL FROM:<a@x>\r\n" * 20)
            assert b"250" not in await peer.rest()
        async with client(door.port) as other:
            assert (await other.mail()).startswith(b"250")


async def test_a17_where_tls_is_required_nothing_passes_before_it(certificate: Certificate) -> None:
    inbox = Inbox()
    async with (
        open_door(inbox.accept, **with_tls(certificate, "required")) as door,
        client(door.port) as peer,
    ):
        for command in (
            b"MAIL FROM:<a@x>",
            b"RCPT TO:<help@localhost>",
            b"DATA",
            b"HELO x",
            b"VRFY root",
            b"RSET",
        ):
            assert (await peer.say(command)).startswith(b"530 5.7.0 ")
        assert (await peer.say(b"NOOP")).startswith(b"250")
        await encrypt(peer, certificate)
        await peer.hello()
        assert (await peer.mail()).startswith(b"250")
    assert len(inbox.payloads) == 1


def test_tls_older_than_1_2_is_not_spoken(certificate: Certificate) -> None:
    context = tls_context(Smtp(**with_tls(certificate)))
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("mechanism", ["PLAIN at once", "PLAIN asked", "LOGIN at once", "LOGIN asked"])
async def test_a15_the_right_password_logs_in(certificate: Certificate, mechanism: str) -> None:
    inbox = Inbox()
    door_settings = with_tls(certificate, accounts=ACCOUNTS)
    async with open_door(inbox.accept, **door_settings) as door, client(door.port) as peer:
        await encrypt(peer, certificate)
        assert b"250-AUTH PLAIN LOGIN\r\n" in await peer.hello()
        name, password = base64.b64encode(b"relay"), base64.b64encode(PASSWORD.encode())
        dialogue = {
            "PLAIN at once": [b"AUTH PLAIN " + plain("relay", PASSWORD)],
            "PLAIN asked": [b"AUTH PLAIN", plain("relay", PASSWORD)],
            "LOGIN at once": [b"auth login " + name, password],
            "LOGIN asked": [b"AUTH LOGIN", name, password],
        }[mechanism]
        answers = [await peer.say(line) for line in dialogue]
        assert all(answer.startswith(b"334") for answer in answers[:-1])
        assert answers[-1].startswith(b"235 2.7.0 ")
        assert (await peer.say(b"AUTH PLAIN " + plain("relay", PASSWORD))).startswith(b"503")
        assert (await peer.say(b"MAIL FROM:<a@x> AUTH=<>")).startswith(b"250")
        await peer.say(b"RSET")
        await peer.mail()
    assert inbox.payloads[0].envelope["user"] == "relay"


async def test_a15_no_password_is_taken_in_clear(certificate: Certificate) -> None:
    async with (
        open_door(Inbox().accept, **with_tls(certificate, accounts=ACCOUNTS)) as door,
        client(door.port) as peer,
    ):
        assert b"AUTH" not in await peer.hello()
        assert (await peer.say(b"AUTH PLAIN " + plain("relay", PASSWORD))).startswith(b"538 5.7.11 ")


async def test_a15_guessing_is_cut_after_three_and_then_put_off(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_door(Inbox().accept, **with_tls(certificate, accounts=ACCOUNTS)) as door:
        async with client(door.port) as peer:
            await encrypt(peer, certificate)
            await peer.hello()
            await peer.send(b"".join(b"AUTH PLAIN %b\r\n" % plain("relay", f"guess{n}") for n in range(50)))
            answers = (await peer.rest()).splitlines()
        assert [answer[:9] for answer in answers] == [b"535 5.7.8"] * 3 + [b"421 4.7.0"]
        async with client(door.port) as again:
            await encrypt(again, certificate)
            await again.hello()
            assert (await again.say(b"AUTH PLAIN " + plain("relay", PASSWORD))).startswith(b"421 4.7.0 ")
        async with client(door.port) as sender:  # mail itself is not put off
            assert (await sender.mail()).startswith(b"250")
    failed = [vars(r) for r in caplog.records if getattr(r, "action", "") == "smtp.auth_failed"]
    assert [record["peer"] for record in failed] == ["127.0.0.1"] * 3
    assert "guess" not in caplog.text
    assert not any("guess" in str(value) for record in caplog.records for value in vars(record).values())


async def test_a15_an_unknown_account_is_answered_like_a_wrong_password(certificate: Certificate) -> None:
    async with (
        open_door(Inbox().accept, **with_tls(certificate, accounts=ACCOUNTS)) as door,
        client(door.port) as peer,
    ):
        await encrypt(peer, certificate)
        await peer.hello()
        unknown = await peer.say(b"AUTH PLAIN " + plain("nobody", PASSWORD))
        assert unknown == await peer.say(b"AUTH PLAIN " + plain("relay", "wrong"))


@pytest.mark.parametrize(
    "lines",
    [
        [b"AUTH PLAIN ====="],
        [b"AUTH PLAIN", b"*"],
        [b"AUTH LOGIN", b"*"],
        [b"AUTH LOGIN", b"eA==", b"*"],
        [b"AUTH PLAIN " + base64.b64encode(b"no nul")],
        [b"AUTH PLAIN " + base64.b64encode(b"boss\0relay\0" + PASSWORD.encode())],
        [b"AUTH CRAM-MD5"],
        [b"AUTH"],
    ],
)
async def test_a15_a_malformed_login_is_refused(certificate: Certificate, lines: list[bytes]) -> None:
    async with (
        open_door(Inbox().accept, **with_tls(certificate, accounts=ACCOUNTS)) as door,
        client(door.port) as peer,
    ):
        await encrypt(peer, certificate)
        await peer.hello()
        answers = [await peer.say(line) for line in lines]
        assert answers[-1][:3] in (b"501", b"504")
        assert (await peer.mail()).startswith(b"250")


def test_a15_each_failure_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    patience = Patience()
    pauses = []
    for _ in range(16):
        patience.failed("a", 0.0)
        pauses.append(patience.pause("a", 0.0))
    assert pauses[:6] == [0, 0, 1, 2, 4, 8]
    assert pauses[-1] == 900
    assert patience.pause("b", 0.0) == 0
    assert patience.pause("a", 899.0) == 1
    patience.failed("a", 4000.0)  # an hour later all is forgiven
    assert patience.pause("a", 4000.0) == 0
    patience.succeeded("a")
    for n in range(20_000):
        patience.failed(str(n), 5000.0)
    assert len(patience._records) == 10_000


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_a_password_verifies_against_its_own_hash_only(password: str, other: str) -> None:
    hashed = hash_password(password)
    assert verify_password(password, hashed)
    assert verify_password(other, hashed) == (other == password)
    assert password == "" or password not in hashed or len(password) < 3


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "secret",
        "scrypt$1$2$3$4$5",
        "scrypt$1048576$8$1$AAAAAAAAAAAAAAAA$AAAA",
        HASH.replace("scrypt", "md5"),
    ],
)
def test_what_is_no_hash_is_said_to_be_none(hashed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever part is wrong says so
        read_hash(hashed)


def test_answers_of_plain_are_read_strictly() -> None:
    assert split_plain("\0relay\0secret") == ("relay", "secret")
    assert split_plain("relay\0relay\0secret") == ("relay", "secret")
    for answer in (
        "",
        "relay\0secret",
        "\0\0secret",
        "other\0relay\0secret",
        "\0a\0b\0c",
        "\0a\0" + "x" * 2000,
    ):
        assert split_plain(answer) is None
    assert decode("not base64") is None
    assert decode("/w==") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"certificate": Path("/nowhere.pem")}, "No such file"),
        ({"accounts": {"relay": "secret"}}, "smtp.accounts.relay"),
        ({"proxy_from": "10.0.0.1", "tls": "implicit"}, "smtp.proxy_from"),
        ({"proxy_from": "proxy.example"}, "smtp.proxy_from"),
        ({"host": "192.0.2.1"}, "192.0.2.1"),
        ({"host": "no.such.host.invalid"}, "smtp.host"),
    ],
)
async def test_a_door_that_cannot_open_says_what_to_do(
    certificate: Certificate, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ChannelError, match=words):
        async with open_door(Inbox().accept, **{**with_tls(certificate), **change}):
            pass


async def test_a_key_that_does_not_fit_is_said_to_be_wrong(certificate: Certificate, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    with pytest.raises(ChannelError, match="not a PEM certificate"):
        async with open_door(Inbox().accept, **{**with_tls(certificate), "key": tmp_path / "key"}):
            pass


async def test_a_port_that_is_taken_is_said_to_be() -> None:
    async with open_door(Inbox().accept) as door:
        with pytest.raises(ChannelError, match=f"port {door.port} is taken"):
            async with open_door(Inbox().accept, port=door.port):
                pass
        async with client(door.port) as peer:
            assert (await asyncio.wait_for(peer.mail(), 5)).startswith(b"250")


@pytest.mark.parametrize(
    "scenario",
    [
        test_a_mail_passes_after_starttls,
        test_a_mail_passes_with_implicit_tls,
        test_a11_a_client_that_never_starts_tls_is_cut_and_gives_its_place_back,
        test_a11_a_client_that_asks_for_tls_and_stays_silent_gives_its_place_back,
        test_a16_what_is_said_before_encryption_is_forgotten,
        test_a16_a_handshake_that_is_none_ends_the_connection,
        test_a17_where_tls_is_required_nothing_passes_before_it,
    ],
)
def test_the_same_holds_on_uvloop(
    certificate: Certificate, scenario: Callable[[Certificate], Coroutine[Any, Any, None]]
) -> None:
    """Production runs on uvloop, whose transports and TLS are its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario(certificate))
