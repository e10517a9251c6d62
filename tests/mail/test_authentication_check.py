"""Our own check of a sender: SPF, DKIM and DMARC together, and what DNS that is away does to them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.config import Workers as Section
from bot.mail.authentication import Believed, Finding
from bot.mail.authentication.checked import check_sender
from bot.mail.authentication.dkim import Signature, VerifyJob, verify_signatures
from bot.mail.parse import ReadJob, read_mail
from bot.message import IncomingMessage, Verdict
from bot.senders import SenderCheck
from bot.workers import Workers
from tests.mail.letters import payload
from tests.mail.test_authentication_dkim import LETTER, NOW, record, signed
from tests.peers.dns import DictResolver, Records, SilentResolver

CHECK = Believed(check=True, front=("127.0.0.0/8",))
PEER = "192.0.2.10"
KEY = {"TXT": [record().decode()]}
OWN = {"TXT": ["v=spf1 ip4:192.0.2.10 -all"]}
REJECT = {"TXT": ["v=DMARC1; p=reject"]}


NOTHING: Records = {}
ALL: Records = {
    "corp.example": OWN,
    "_dmarc.corp.example": REJECT,
    "s1._domainkey.corp.example": KEY,
}


async def found(
    raw: bytes,
    records: Records,
    *,
    peer: str = PEER,
    mail_from: str = "ann@corp.example",
    away: frozenset[str] = frozenset(),
    resolver: DictResolver | None = None,
) -> Finding:
    envelope = {"peer": peer, "helo": "out.corp.example", "mail_from": mail_from, "user": ""}
    unproved = read_mail(ReadJob(payload(raw, **envelope), CHECK)).unproved
    assert unproved is not None

    async def verify(signatures: tuple[Signature, ...], keys: tuple[bytes, ...]) -> list[str]:
        return verify_signatures(VerifyJob(raw, signatures, keys, NOW))

    return await check_sender(unproved, resolver or DictResolver(records, away), verify)


async def verdict(raw: bytes, records: Records, **how: Any) -> tuple[Verdict, str]:
    authentication = (await found(raw, records, **how)).authentication
    return authentication.verdict, authentication.by


FORGED = (Verdict.FAIL, "dmarc")
UNKNOWN = (Verdict.UNKNOWN, "")


async def test_what_dmarc_says_is_the_verdict() -> None:
    assert await verdict(signed(), ALL) == (Verdict.PASS, "dmarc")
    assert await verdict(LETTER, ALL) == (Verdict.PASS, "dmarc")
    assert await verdict(signed(), ALL, peer="192.0.2.99") == (Verdict.PASS, "dmarc")
    assert await verdict(LETTER, ALL, peer="192.0.2.99") == FORGED
    assert await verdict(signed().replace(b"burns", b"freezes"), ALL, peer="192.0.2.99") == FORGED


async def test_d5_a_forgery_is_told_in_words() -> None:
    assert (await found(LETTER, ALL, peer="192.0.2.99")).note == (
        "DMARC of corp.example says that this sender is forged"
    )


async def test_without_dmarc_mail_can_be_proved_but_is_never_forged() -> None:
    records = {name: kinds for name, kinds in ALL.items() if not name.startswith("_dmarc")}
    assert await verdict(signed(), records) == (Verdict.PASS, "dkim")
    assert await verdict(LETTER, records) == (Verdict.PASS, "spf")
    assert await verdict(LETTER, records, peer="192.0.2.99") == UNKNOWN
    assert await verdict(LETTER, NOTHING) == UNKNOWN


async def test_a_domain_that_asks_for_no_consequences_gets_none() -> None:
    for policy in ("v=DMARC1; p=none", "v=DMARC1", "v=DMARC1; p=frobnicate"):
        records = {**ALL, "_dmarc.corp.example": {"TXT": [policy]}}
        assert await verdict(LETTER, records, peer="192.0.2.99") == UNKNOWN
        assert await verdict(signed(), records) == (Verdict.PASS, "dmarc")


async def test_somebody_elses_proof_is_none() -> None:
    evil = {**ALL, "evil.example": OWN, "s1._domainkey.evil.example": KEY}
    assert await verdict(LETTER, evil, mail_from="x@evil.example") == FORGED
    assert await verdict(signed(domain=b"evil.example"), evil, peer="192.0.2.99") == FORGED


async def test_d8_the_domain_that_is_asked_is_that_of_the_address_we_read() -> None:
    raw = LETTER.replace(b"Ann <ann@corp.example>", b"ann@corp.example <evil@x.example>")
    resolver = DictResolver({**ALL, "x.example": OWN})
    result = await found(raw, {}, mail_from="evil@x.example", resolver=resolver)
    assert result.authentication.verdict is Verdict.PASS
    assert not [name for name in resolver.asked if "corp.example" in name and "out." not in name]


async def test_alignment_is_relaxed_unless_the_domain_wants_it_strict() -> None:
    raw = signed(LETTER, domain=b"mail.corp.example")
    records = {"s1._domainkey.mail.corp.example": KEY, "mail.corp.example": OWN}
    for policy, passes in (("", True), ("; adkim=s; aspf=s", False), ("; adkim=r; aspf=s", True)):
        told = {**records, "_dmarc.corp.example": {"TXT": [f"v=DMARC1; p=reject{policy}"]}}
        found = await verdict(raw, told, mail_from="x@mail.corp.example")
        assert found == ((Verdict.PASS, "dmarc") if passes else FORGED)


async def test_a_subdomain_has_the_policy_of_the_domain_above() -> None:
    raw = LETTER.replace(b"ann@corp.example", b"ann@a.b.corp.co.uk")
    for policy, wanted in (
        ("v=DMARC1; p=reject", FORGED),
        ("v=DMARC1; p=reject; sp=none", UNKNOWN),
        ("v=DMARC1; p=none; sp=quarantine", FORGED),
    ):
        records = {"_dmarc.corp.co.uk": {"TXT": ["nonsense", policy]}}
        assert await verdict(raw, records, mail_from="x@a.b.corp.co.uk") == wanted


@pytest.mark.parametrize(
    "texts",
    [
        ["v=DMARC1; p=reject", "v=DMARC1; p=reject"],
        ["p=reject; v=DMARC1"],
        ["v=DMARC1; p=reject; p=none"],
        ["v=DMARC1 p=reject"],
        ["\xff" * 60_000],
        ["v=DMARC1;" + ";" * 60_000],
    ],
)
async def test_a_policy_that_cannot_be_read_is_none(texts: list[str]) -> None:
    records = {"_dmarc.corp.example": {"TXT": texts}}
    assert await verdict(LETTER, records, peer="192.0.2.99") == UNKNOWN


@pytest.mark.parametrize("away", [*ALL, "evil.example"])
async def test_dns_that_is_away_never_makes_a_forgery(away: str) -> None:
    raw = signed(LETTER).replace(b"burns", b"freezes")
    result = await verdict(raw, ALL, peer="192.0.2.99", away=frozenset({away}))
    assert result == (FORGED if away == "evil.example" else UNKNOWN)


async def test_a_signature_that_says_nothing_leaves_the_sender_unknown() -> None:
    assert await verdict(signed(length=True) + b"more", ALL, peer="192.0.2.99") == UNKNOWN
    assert await verdict(b"DKIM-Signature: x\r\n" * 60 + LETTER, ALL, peer="192.0.2.99") == UNKNOWN


async def test_one_mail_asks_a_bounded_number_of_questions() -> None:
    flood = b"".join(b"DKIM-Signature: v=1; d=a%d.corp.example; s=s1\r\n" % n for n in range(45))
    resolver = DictResolver({"corp.example": {"TXT": ["v=spf1 " + "a:%{i}.x.example " * 100]}})
    await found(flood + LETTER, {}, resolver=resolver)
    assert len(resolver.asked) < 25


def test_mail_that_did_not_come_straight_to_our_door_is_not_checked() -> None:
    def asks(**envelope: Any) -> bool:
        return read_mail(ReadJob(payload(LETTER, **envelope), CHECK)).unproved is not None

    assert asks(peer=PEER, mail_from="ann@corp.example")
    assert not asks()  # out of a mailbox
    assert not asks(peer="127.0.0.1")  # from our own front server
    assert not asks(peer=PEER, user="ann")  # from a client of ours
    assert read_mail(ReadJob(payload(LETTER, peer=PEER))).unproved is None


async def _proved(raw: bytes, resolver: Any, seconds: float = 5.0) -> IncomingMessage:
    workers = Workers(Section())
    try:
        job = ReadJob(payload(raw, peer=PEER, helo="h", mail_from="ann@corp.example"), CHECK)
        read = await workers.run(read_mail, job)
        assert read.unproved is not None
        start = time.perf_counter()
        message = await SenderCheck(resolver, workers, seconds=seconds).prove(
            read.message, read.unproved, job.payload
        )
        assert time.perf_counter() - start < seconds + 3
        return message
    finally:
        await workers.close()


async def test_signatures_are_verified_in_a_child() -> None:
    message = await _proved(signed(), DictResolver(ALL))
    assert (message.authentication.verdict, message.authentication.by) == (Verdict.PASS, "dmarc")
    forged = await _proved(LETTER, DictResolver({"_dmarc.corp.example": REJECT}))
    assert forged.authentication.verdict is Verdict.FAIL
    assert "DMARC of corp.example says that this sender is forged" in forged.oddities


async def test_dns_that_never_answers_costs_the_time_limit_and_no_verdict() -> None:
    message = await asyncio.wait_for(_proved(signed(), SilentResolver(), seconds=0.2), 10)
    assert message.authentication.verdict is Verdict.UNKNOWN
    assert message.subject == "Fire"
