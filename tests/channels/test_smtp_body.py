"""The mail after DATA, as a state machine: the pieces in which it comes make no difference."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.smtp_body import Body, Memory, Verdict

LIMIT = 65_536
END = b"\r\n.\r\n"

dotty = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"..", b"a", b"\0", b"MAIL FROM:<e@x>\r\n"])
)
cuts = st.lists(st.integers(0, 200), max_size=20)


def take(wire: bytes, cuts: list[int]) -> tuple[Body, bytes]:
    """Feed the wire in pieces; returns the body and what lay behind its end."""
    body = Body(LIMIT, Memory(10 * LIMIT))
    rest = b""
    edges = [0, *sorted(cut for cut in cuts if cut < len(wire)), len(wire)]
    for start, end in pairwise(edges):
        if body.verdict is not Verdict.ARRIVING:
            return body, rest + wire[start:]
        rest = body.feed(wire[start:end])
    return body, rest


def stuffed(raw: bytes) -> bytes:
    """As a correct client sends a mail that ends with CR LF: RFC 5321, section 4.5.2."""
    return b"".join(b"." + line if line.startswith(b".") else line for line in _lines(raw)) + b".\r\n"


def _lines(raw: bytes) -> list[bytes]:
    return [line + b"\r\n" for line in raw.split(b"\r\n")[:-1]]


@settings(deadline=None)
@given(dotty.map(b"".join), cuts, st.binary(max_size=20))
def test_a8_what_a_client_stuffs_comes_out_as_it_was_however_it_is_cut(
    text: bytes, cuts: list[int], behind: bytes
) -> None:
    raw = text + b"\r\n"
    body, rest = take(stuffed(raw) + behind, cuts)
    assert body.verdict is Verdict.WHOLE
    assert body.content() == raw
    assert rest == behind


@settings(deadline=None)
@given(dotty.map(b"".join), cuts)
def test_a8_only_a_dot_between_cr_lf_ends_a_mail(wire: bytes, cuts: list[int]) -> None:
    body, _ = take(wire, cuts)
    assert (body.verdict is Verdict.WHOLE) == (END in b"\r\n" + wire)


def test_an_empty_mail_is_a_mail() -> None:
    body, rest = take(b".\r\nQUIT\r\n", [])
    assert body.content() == b""
    assert rest == b"QUIT\r\n"


def test_a24_a_mail_of_the_greatest_size_passes_and_one_octet_more_does_not() -> None:
    line = b"a" * 62 + b"\r\n"
    greatest = line * (LIMIT // 64)
    assert take(greatest + b".\r\n", [])[0].verdict is Verdict.WHOLE
    assert take(b"a" + greatest + b".\r\n", [])[0].verdict is Verdict.TOO_BIG
    assert take(b"a" + greatest + b".\r\n", [LIMIT - 1, LIMIT, LIMIT + 2])[0].verdict is Verdict.TOO_BIG


def test_a4_an_endless_line_is_a_flood_64_kilobytes_after_the_limit_at_the_latest() -> None:
    body = Body(LIMIT, Memory(10 * LIMIT))
    fed = 0
    while body.verdict is Verdict.ARRIVING:
        body.feed(b"a" * 1000)
        fed += 1000
    assert body.verdict is Verdict.FLOOD
    assert fed <= LIMIT + 65_536 + 1000


def test_a4_a_mail_far_above_the_limit_is_a_flood_even_with_lines() -> None:
    body = Body(LIMIT, Memory(10 * LIMIT))
    fed = 0
    while body.verdict is Verdict.ARRIVING:
        body.feed(b"a" * 98 + b"\r\n")
        fed += 100
        assert fed <= LIMIT or len(body._octets) < 10  # what is not wanted is not held
    assert body.verdict is Verdict.FLOOD
    assert 2 * LIMIT < fed <= 2 * LIMIT + 100


def test_a5_too_many_lines_are_too_much_however_short() -> None:
    body = Body(10_000_000, Memory(100_000_000))
    enough = Body(10_000_000, Memory(100_000_000))
    for lines, taker in ((400_000, enough), (400_001, body)):
        taker.feed(b"a\r\n" * lines)
        taker.feed(b".\r\n")
    assert enough.verdict is Verdict.WHOLE
    assert body.verdict is Verdict.TOO_BIG


def test_mails_that_arrive_together_share_their_memory_and_give_it_back() -> None:
    memory = Memory(2 * LIMIT)
    bodies = [Body(LIMIT, memory) for _ in range(3)]
    for body in bodies:
        body.feed(b"a" * 50_000)
    for body in bodies:
        body.feed(END)
    assert [body.verdict for body in bodies] == [Verdict.WHOLE, Verdict.WHOLE, Verdict.NO_MEMORY]
    for body in bodies:
        body.release()
    assert memory.held == 0
