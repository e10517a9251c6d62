"""SPF: which host may send for a domain, whatever its records say."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail.authentication.spf import LOOKUP_LIMIT, Spf, check_spf
from tests.peers.dns import DictResolver, Records

FOUR, SIX = "192.0.2.10", "2001:db8::10"


async def spf(
    records: Records, peer: str = FOUR, sender: str = "ann@corp.example", helo: str = "out.corp.example"
) -> Spf:
    result, _ = await check_spf(DictResolver(records), peer, helo, sender)
    return result


def record(text: str, **more: dict[str, list[str]]) -> Records:
    return {
        "corp.example": {"TXT": ["another text", text]},
        **{k.replace("_", "."): v for k, v in more.items()},
    }


@pytest.mark.parametrize(
    ("text", "four", "six"),
    [
        ("v=spf1", Spf.NEUTRAL, Spf.NEUTRAL),
        ("v=spf1 -all", Spf.FAIL, Spf.FAIL),
        ("V=SPF1 +ALL", Spf.PASS, Spf.PASS),
        ("v=spf1 ~all", Spf.SOFTFAIL, Spf.SOFTFAIL),
        ("v=spf1 ?all", Spf.NEUTRAL, Spf.NEUTRAL),
        ("v=spf1 ip4:192.0.2.0/28 -all", Spf.PASS, Spf.FAIL),
        ("v=spf1 ip4:192.0.2.10 ip6:2001:db8::/32 -all", Spf.PASS, Spf.PASS),
        ("v=spf1 -ip4:192.0.2.10 +all", Spf.FAIL, Spf.PASS),
        ("v=spf1 a -all", Spf.PASS, Spf.PASS),
        ("v=spf1 a:other.example -all", Spf.FAIL, Spf.FAIL),
        ("v=spf1 a:other.example/24//32 -all", Spf.PASS, Spf.PASS),
        ("v=spf1 mx -all", Spf.PASS, Spf.FAIL),
        ("v=spf1 include:inner.example -all", Spf.PASS, Spf.FAIL),
        ("v=spf1 ?include:inner.example -all", Spf.NEUTRAL, Spf.FAIL),
        ("v=spf1 redirect=inner.example", Spf.PASS, Spf.FAIL),
        ("v=spf1 redirect=inner.example -all", Spf.FAIL, Spf.FAIL),
        ("v=spf1 redirect=nothing.example", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 include:nothing.example +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 exists:%{ir}.%{v}.list.example -all", Spf.PASS, Spf.FAIL),
        ("v=spf1 exists:%{l1r-}.%{d2}.who.example -all", Spf.PASS, Spf.PASS),
        ("v=spf1 exp=why.example x=y -all", Spf.FAIL, Spf.FAIL),
        ("v=spf1 ptr -all", Spf.UNDECIDED, Spf.UNDECIDED),
        ("v=spf1 ip4:192.0.2.10 ptr -all", Spf.PASS, Spf.UNDECIDED),
        ("v=spf1 ip4:nonsense +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 ip4:192.0.2.1/99 +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 ip4:2001:db8::/32 +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 frobnicate +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 a:%{z} +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf1 a:% +all", Spf.PERMERROR, Spf.PERMERROR),
        ("v=spf10 +all", Spf.NONE, Spf.NONE),
        ("spf2.0/pra +all", Spf.NONE, Spf.NONE),
        ("v=spf1 +all é", Spf.NONE, Spf.NONE),
    ],
)  # fmt: skip
async def test_a_record_says_which_host_may_send(text: str, four: Spf, six: Spf) -> None:
    records = {
        "corp.example": {"TXT": [text], "A": [FOUR], "AAAA": [SIX], "MX": ["mx.corp.example"]},
        "mx.corp.example": {"A": [FOUR]},
        "other.example": {"A": ["192.0.2.99"], "AAAA": ["2001:db8:ffff::1"]},
        "inner.example": {"TXT": ["v=spf1 ip4:192.0.2.10 -all"]},
        "10.2.0.192.in-addr.list.example": {"A": ["127.0.0.2"]},
        "ann.corp.example.who.example": {"A": ["127.0.0.2"]},
    }
    assert (await spf(records), await spf(records, SIX)) == (four, six)


async def test_a_null_sender_is_judged_by_the_name_that_the_host_gave() -> None:
    records = {"out.corp.example": {"TXT": ["v=spf1 ip4:192.0.2.10 -all"]}}
    for null in ("", "<>"):
        assert await check_spf(DictResolver(records), FOUR, "out.corp.example", null) == (
            Spf.PASS,
            "out.corp.example",
        )
    assert await check_spf(DictResolver(records), FOUR, "[192.0.2.10]", "") == (Spf.NONE, "")


async def test_two_records_are_none_that_counts() -> None:
    assert await spf({"corp.example": {"TXT": ["v=spf1 +all", "v=spf1 -all"]}}) is Spf.PERMERROR


async def test_includes_that_go_round_end() -> None:
    records = record("v=spf1 include:corp.example +all")
    resolver = DictResolver(records)
    result, _ = await check_spf(resolver, FOUR, "h", "ann@corp.example")
    assert result is Spf.PERMERROR
    assert len(resolver.asked) <= LOOKUP_LIMIT + 1
    assert await spf(record("v=spf1 redirect=corp.example")) is Spf.PERMERROR


async def test_no_record_makes_us_ask_without_end() -> None:
    wide = " ".join(f"include:i{n}.example" for n in range(150))
    records = {
        "corp.example": {"TXT": [f"v=spf1 {wide} -all"]},
        **{f"i{n}.example": {"TXT": ["v=spf1 mx mx:corp.example -all"]} for n in range(150)},
    }
    resolver = DictResolver(records)
    result, _ = await check_spf(resolver, FOUR, "h", "ann@corp.example")
    assert result is Spf.PERMERROR
    assert len(resolver.asked) < 30
    names = [f"m{n}.example" for n in range(11)]
    assert await spf({"corp.example": {"TXT": ["v=spf1 mx +all"], "MX": names}}) is Spf.PERMERROR


async def test_a_name_server_that_is_away_proves_nothing() -> None:
    records = record("v=spf1 include:away.example -all")
    for away in ("corp.example", "away.example"):
        result, _ = await check_spf(DictResolver(records, frozenset({away})), FOUR, "h", "ann@corp.example")
        assert result is Spf.TEMPERROR


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 " + "a " * 32_000,
        "v=spf1 " + "%{" * 30_000,
        "v=spf1 exists:" + "%{s}" * 240,
        "v=spf1 a:" + "a." * 2000,
        "v=spf1" + " " * 60_000 + "+all",
        "v=spf1 ip6:" + ":" * 60_000,
        "v=spf1 a" + "/" * 4000,
    ],
)
async def test_huge_records_are_judged_at_once(text: str) -> None:
    start = time.perf_counter()
    assert await spf(record(text)) in {Spf.PERMERROR, Spf.NEUTRAL}
    assert time.perf_counter() - start < 0.1


@settings(max_examples=200)
@given(
    st.text(st.sampled_from("v=spf1 :/%{}sldoivhr-+~?.ainclude2mx\x00é"), max_size=120), st.text(max_size=20)
)
async def test_no_record_and_no_sender_makes_the_check_raise(text: str, sender: str) -> None:
    records = record(f"v=spf1 {text}")
    assert await spf(records) in set(Spf)
    await check_spf(DictResolver(records), sender, sender, f"{sender}@corp.example")
