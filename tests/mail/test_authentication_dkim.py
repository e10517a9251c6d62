"""DKIM: signatures made here with keys made here, and what is wrong with some of them."""

from __future__ import annotations

import base64
import hashlib
import time
import timeit
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail.authentication.dkim import (
    SIGNATURE_LIMIT,
    Dkim,
    Signature,
    VerifyJob,
    _canonical,
    _split,
    find_signatures,
    read_tags,
    verify_signatures,
)
from bot.mail.headers import read_fields

NOW = int(time.time())
BODY = b"Hello,\r\n\r\nthe  printer \t burns. \r\n\r\n\r\n"
LETTER = b"From: Ann <ann@corp.example>\r\nTo: help@ours.example\r\nSubject: Fire\r\nDate: now\r\n\r\n" + BODY
CANONICAL = [(head, body) for head in (b"relaxed", b"simple") for body in (b"relaxed", b"simple")]


@cache
def key_pair(bits: int) -> tuple[bytes, str]:
    """A private key as dkimpy wants it, and its public half as DNS has it."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, base64.b64encode(public).decode()


def record(bits: int = 2048, more: str = "") -> bytes:
    return f"v=DKIM1; k=rsa; {more}p={key_pair(bits)[1]}".encode()


def signed(
    raw: bytes = LETTER,
    *,
    domain: bytes = b"corp.example",
    bits: int = 2048,
    canonical: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    algorithm: bytes = b"rsa-sha256",
    length: bool = False,
    identity: bytes | None = None,
) -> bytes:
    field: bytes = dkim.DKIM(raw, signature_algorithm=algorithm).sign(
        b"s1", domain, key_pair(bits)[0], canonicalize=canonical, length=length, identity=identity
    )
    return field + raw


def verified(raw: bytes, *keys: bytes, domain: str = "corp.example", now: int = NOW) -> list[str]:
    fields, _ = read_fields(raw, 0, len(raw))
    signatures, _ = find_signatures(fields, domain)
    return verify_signatures(VerifyJob(raw, signatures, keys or (record(),) * len(signatures), now))


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("end", [b"", b"\r\n", b"x", b"\r\n\r\n\r\n", b"\r", b"\r\r\n\r\n", b" \r\n\t\r\n"])
def test_a_signature_holds_as_its_signer_made_it(canonical: tuple[bytes, bytes], end: bytes) -> None:
    raw = signed(LETTER + end, canonical=canonical)
    assert verified(raw) == [Dkim.PASS]
    assert verified(raw.replace(b"burns", b"freezes")) == [Dkim.FAIL]
    assert verified(raw.replace(b"Subject: Fire", b"Subject: Ice")) == [Dkim.FAIL]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b" \r\n", b"x"])
def test_short_bodies_are_bodies_too(body: bytes) -> None:
    for canonical in CANONICAL:
        assert verified(signed(LETTER.replace(BODY, body), canonical=canonical)) == [Dkim.PASS]


def test_a_mail_that_came_with_bare_line_feeds_is_the_same_mail() -> None:
    assert verified(signed().replace(b"\r\n", b"\n")) == [Dkim.PASS]


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r", b"\r\n", b"  "]), max_size=30).map(b"".join))
def test_bodies_are_made_canonical_as_dkimpy_does(body: bytes) -> None:
    _, lines = _split(b"A: b\r\n\r\n" + body)
    for name in (b"relaxed", b"simple"):
        policy = CanonicalizationPolicy.from_c_value(b"simple/" + name)
        assert _canonical(lines, relaxed=name == b"relaxed") == policy.canonicalize_body(lines)


def test_only_signatures_of_the_senders_own_domain_are_looked_at() -> None:
    raw = signed(signed(domain=b"mail.corp.example"), domain=b"evil.example")
    fields, _ = read_fields(raw, 0, len(raw))
    found, more = find_signatures(fields, "corp.example")
    assert [(s.index, s.key_name) for s in found] == [(1, "s1._domainkey.mail.corp.example")]
    assert not more
    assert verified(raw) == [Dkim.PASS]


def test_a_flood_of_signatures_is_cut() -> None:
    flood = b"DKIM-Signature: v=1; d=corp.example; s=s1\r\n" * 40 + LETTER
    fields, _ = read_fields(flood, 0, len(flood))
    found, more = find_signatures(fields, "corp.example")
    assert (len(found), more) == (SIGNATURE_LIMIT, True)


def test_a_signature_over_a_part_of_the_body_says_nothing() -> None:
    raw = signed(length=True)
    assert verified(raw) == [Dkim.UNUSABLE]
    assert verified(raw + b"<a href=evil>more</a>") == [Dkim.UNUSABLE]


def test_a_signature_that_does_not_cover_from_is_none() -> None:
    digest = base64.b64encode(hashlib.sha256(BODY.rstrip(b"\r\n") + b"\r\n").digest())
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=s1; h=subject; bh=" + digest + b"; b="
    private = serialization.load_pem_private_key(key_pair(2048)[0], None)
    assert isinstance(private, rsa.RSAPrivateKey)
    text = b"Subject: Fire\r\n" + field
    raw = field + base64.b64encode(private.sign(text, padding.PKCS1v15(), hashes.SHA256())) + b"\r\n" + LETTER
    assert dkim.DKIM(raw).verify(dnsfunc=lambda name, timeout=0: record())
    assert verified(raw) == [Dkim.FAIL]


def test_c13_a_second_from_makes_every_signature_worthless() -> None:
    raw = signed()
    assert verified(b"From: evil@x.example\r\n" + raw) == [Dkim.UNUSABLE]
    assert verified(raw.replace(b"\r\n\r\n", b"\r\nFrom: evil@x.example\r\n\r\n", 1)) == [Dkim.UNUSABLE]


def test_an_expired_signature_fails() -> None:
    fresh = signed()
    expired = fresh.replace(b"; t=", b"; x=%d; t=" % (NOW - 10), 1)
    assert verified(expired) == [Dkim.FAIL]
    assert verified(fresh.replace(b"; t=", b"; x=soon; t=", 1)) == [Dkim.FAIL]


def test_old_hashes_and_small_keys_fail() -> None:
    assert verified(signed(algorithm=b"rsa-sha1")) == [Dkim.FAIL]
    assert verified(signed(bits=1024), record(1024)) == [Dkim.PASS]
    small = _small_key()
    field = dkim.DKIM(LETTER).sign(b"s1", b"corp.example", small[0])
    key = f"p={small[1]}".encode()
    assert dkim.DKIM(field + LETTER, minkey=500).verify(dnsfunc=lambda name, timeout=0: key)
    assert verified(field + LETTER, key) == [Dkim.FAIL]


def _small_key() -> tuple[bytes, str]:
    """512 bits, which the library that makes keys refuses to make: arithmetic by hand."""
    first, second = _prime(1 << 255), _prime(3 << 254)
    number, exponent = first * second, 65_537
    secret = pow(exponent, -1, (first - 1) * (second - 1))
    values = (
        0, number, exponent, secret, first, second, secret % (first - 1), secret % (second - 1), pow(second, -1, first),
    )  # fmt: skip
    private = base64.encodebytes(_der(0x30, b"".join(_integer(value) for value in values)))
    public = _der(0x30, _integer(number) + _integer(exponent))
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + private + b"-----END RSA PRIVATE KEY-----\n"
    return pem, base64.b64encode(public).decode()


def _prime(start: int) -> int:
    candidate = start + 1
    while (
        any(pow(base, candidate - 1, candidate) != 1 for base in (2, 3, 5)) or (candidate - 1) % 65_537 == 0
    ):
        candidate += 2
    return candidate


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


@pytest.mark.parametrize(
    ("key", "result"),
    [
        (b"", Dkim.FAIL),
        (b"v=DKIM1; p=", Dkim.FAIL),
        (b"v=DKIM1; k=rsa", Dkim.FAIL),
        (b"p=!!!!", Dkim.FAIL),
        (b"p=AAAA", Dkim.FAIL),
        (b"p=" + base64.b64encode(b"\x30\x06\x02\x01\x00\x02\x01\x03"), Dkim.FAIL),
        (b"\xff\x00;;;=", Dkim.FAIL),
        (b"p=" + b"A" * 2000, Dkim.UNUSABLE),
        (b"p=" + b"A" * 60_000, Dkim.FAIL),
        (b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", Dkim.UNUSABLE),
    ],
)
def test_hostile_and_withdrawn_keys_prove_nothing(key: bytes, result: Dkim) -> None:
    assert verified(signed(), key) == [result]


def test_flags_of_a_key_are_kept_to() -> None:
    assert verified(signed(), record(more="t=y; ")) == [Dkim.UNUSABLE]
    assert verified(signed(), record(more="t=s; ")) == [Dkim.PASS]
    assert verified(signed(identity=b"@a.corp.example"), record(more="t=s; ")) == [Dkim.FAIL]
    assert verified(signed(), record(more="h=sha1; ")) == [Dkim.FAIL]
    assert verified(signed(), record(more="h=sha1:sha256; ")) == [Dkim.PASS]
    assert verified(signed(), record(1024)) == [Dkim.FAIL]


def test_the_most_expensive_key_that_is_taken_costs_little() -> None:
    """An exponent as long as the modulus: the arithmetic of a private key for each mail."""
    number = (1 << 2047) + 1
    key = base64.b64encode(_der(0x30, _integer(number) + _integer(number - 2)))
    raw = signed()
    start = time.perf_counter()
    assert verified(raw, b"p=" + key) == [Dkim.FAIL]
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "body",
    [
        b" " * 1_000_000,
        b" \t" * 500_000 + b"\r\n",
        b"\r\n" * 1_000_000,
        b"\r" * 1_000_000,
        b"\r\n\r" * 300_000,
    ],
    ids=["spaces", "blanks", "empty lines", "returns", "mixed"],
)
def test_c3_bodies_made_to_be_slow_are_not(body: bytes) -> None:
    raw = signed()
    for name in (b"relaxed/relaxed", b"simple/simple"):
        start = time.perf_counter()
        assert verified(raw.replace(b"relaxed/relaxed", name) + body + b"x") == [Dkim.FAIL]
        assert time.perf_counter() - start < 1


def test_a_body_is_made_canonical_once_for_all_signatures() -> None:
    """As many signatures as there may be cost little more than one."""
    once = signed(LETTER + b"The quick  brown fox jumps over the lazy dog.\r\n" * 20_000)
    raw = once
    for _ in range(SIGNATURE_LIMIT - 1):
        raw = signed(raw)
    assert verified(raw) == [Dkim.PASS] * SIGNATURE_LIMIT
    assert seconds(raw) < 3 * seconds(once)


def seconds(raw: bytes) -> float:
    """What judging a mail takes, undisturbed."""
    return min(timeit.repeat(lambda: verified(raw), number=1, repeat=5))


@pytest.mark.parametrize(
    "field",
    [
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=" + b" " * 3000 + b"!",
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; bh=YQ==; b=YQ==; h=from" + b":from" * 700,
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=" + (b"a" + b" " * 39) * 90,
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=" + b"a" * 60_000,
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=YQ==; c=a/b/c",
        b"v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=!; b=!",
        b"v=2; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=YQ==",
        b"d=corp.example; s=s1",
    ],
)
def test_c3_fields_made_to_be_slow_or_to_break_are_refused(field: bytes) -> None:
    start = time.perf_counter()
    assert Dkim.PASS not in verified(b"DKIM-Signature: " + field + b"\r\n" + LETTER)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n\r\n", b"no header", b"A: b\r\nbad line\r\n\r\nx", b" fold\r\n\r\n", b"A: b\r\n" * 20_000],
)
def test_c1_a_mail_that_cannot_be_split_is_not_proved(raw: bytes) -> None:
    job = VerifyJob(raw, (Signature(0, "corp.example", "s1"),), (record(),), NOW)
    assert verify_signatures(job) == [Dkim.UNUSABLE]


@settings(max_examples=200)
@given(st.binary(max_size=300), st.binary(max_size=60))
def test_no_signature_and_no_key_makes_the_check_raise(junk: bytes, key: bytes) -> None:
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=" + junk + b"\r\n"
    job = VerifyJob(field + LETTER, (Signature(0, "corp.example", "s1"),), (b"p=" + key,), NOW)
    assert Dkim.PASS not in verify_signatures(job)


@given(st.text(max_size=200))
def test_reading_tags_never_raises(text: str) -> None:
    assert all(name and "=" not in name for name in read_tags(text))
