"""Why a message became what it became: each reason in words, and nobody's words in charge of the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.desk.outcome import Reason, Result
from bot.message import Payload, Verdict
from bot.store import inbox
from tests.desk.by_mail import ANNA, a_team, answers, asks, works
from tests.desks import MONDAY, OpenDesk


def why(desk: OpenDesk) -> str:
    """What ``deskbot tickets why HD-1`` prints."""
    ended = CliRunner().invoke(cli, ["tickets", "why", "HD-1"], env={"DESKBOT_DESK__DATA": str(desk.folder)})
    assert ended.exit_code == 0
    return ended.output


def settle(desk: OpenDesk, number: int, outcome: Result, reason: Reason) -> None:
    """A payload of the ticket that ended like this."""
    payload = Payload("mail", f"{number}-{reason}", b"x", MONDAY)
    desk.store.write_now(lambda tx: inbox.add(tx, payload))
    (claim,) = desk.store.write_now(lambda tx: inbox.claim(tx, "w", 1, desk.desk.config.store.lease))
    desk.store.write_now(
        lambda tx: inbox.finish(tx, claim, outcome=outcome, reason=reason, detail="", ticket=number)
    )


def test_every_reason_is_told_in_words(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        for reason in Reason:
            settle(desk, number, Result.COMMANDED, reason)
        told = why(desk)
        for reason in Reason:
            assert f"because {reason.told}" in told
        assert not [reason for reason in Reason if f"because {reason}\n" in told]


@pytest.mark.parametrize("reason", Reason)
def test_no_two_reasons_are_told_alike(reason: Reason) -> None:
    assert [other for other in Reason if other.told == reason.told] == [reason]


def test_what_an_agent_did_is_told_step_by_step(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk, to=("help@localhost", "dora@localhost"))
        works(desk, ANNA, "#take\n#priority P1\n#link dora@localhost", number)
        answers(desk, ANNA, number, "#resolve\nDone.", verdict=Verdict.PASS)
        told = why(desk)
        for sentence in (
            "others had the mail too and may be let follow the request: dora@localhost",
            "Anna Rossi took the request",
            "Anna Rossi set the priority to P1",
            "Anna Rossi let dora@localhost follow the request",
            "Anna Rossi resolved it",
            "Anna Rossi gave the first response",
        ):
            assert f"  {sentence}" in told
        assert "the news that it is resolved to ann@localhost was written" in told


def test_g6_no_value_of_an_event_can_steer_the_terminal(tmp_path: Path) -> None:
    with a_team(tmp_path) as desk:
        number = asks(desk)
        works(desk, ANNA, "#major \x1b]0;x\x07\u202eexe", number)
        assert not {"\x1b", "\x07", "\u202e"} & set(why(desk))
