"""What goes out to Slack: where it stands, once, and in words that Slack takes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.channels.chat_words import ChatJob
from bot.channels.slack_blocks import SlackWords, compose_slack
from bot.channels.slack_send import SlackSender
from bot.channels.slack_wire import Wire
from bot.channels.turns import Rates, Turns
from bot.config import Slack
from bot.errors import ChannelBusy, ChannelError
from bot.message import Attachment, Choice, Kind, Notice, OutgoingMessage, Party, ThreadRef
from bot.render.samples import SAMPLES
from tests.peers.slack import Conversation, SlackHouse, slack_house
from tests.peers.slack.house import BOT_TOKEN, Fault

TOKENS = iter(range(10**6))


@pytest.fixture
async def house() -> AsyncIterator[SlackHouse]:
    async with slack_house() as made:
        made.workspace.add_user("U1", "Anna")
        made.workspace.add_user("U2", "Ben")
        made.workspace.add_channel("C1", "first-line", "U2")
        yield made
        assert made.wrong == []


class Way:
    """A sender with what it told."""

    def __init__(
        self, house: SlackHouse, *, token: str = BOT_TOKEN, seconds: float = 5, every: float = 0.0
    ) -> None:
        section = Slack(bot_token=token, app_token="xapp-1", api_url=house.api_url)
        self.alarms: list[tuple[str, str, str]] = []
        self.sender = SlackSender(
            "acme",
            section,
            self._compose,
            trouble=lambda *told: self.alarms.append(told),
            turns=Turns(Rates(every, patience=2.0 if every else 30.0)),
            wire=Wire(token, house.api_url, seconds=seconds),
        )

    async def _compose(self, message: OutgoingMessage) -> SlackWords:
        bare = replace(message, attachments=())
        return compose_slack(ChatJob(bare, "Help desk", "help@desk.example"))


@pytest.fixture
async def way(house: SlackHouse) -> AsyncIterator[Way]:
    made = Way(house)
    yield made
    await made.sender.close()


def a_message(
    event: str = "reply", to: str = "U1", kind: Kind = Kind.REPLY, **changes: Any
) -> OutgoingMessage:
    values = (
        {**SAMPLES[event][0][1], **changes.pop("values", {})} if event in SAMPLES else changes.pop("values")
    )
    usual = OutgoingMessage(
        channel="acme",
        to=Party("slack", f"acme/{to}"),
        ticket=42,
        kind=kind,
        token=f"hd.42.{next(TOKENS)}",
        notice=Notice(event, changes.pop("locale", "en"), "Europe/Rome", values),
        created_at=clock.now() + timedelta(seconds=1),
    )
    return replace(usual, **changes)


def direct(house: SlackHouse, user: str = "U1") -> Conversation:
    return house.workspace.direct(user)


def room(house: SlackHouse) -> Conversation:
    return house.workspace.conversations["C1"]


# Where it stands


async def test_a_requester_without_a_conversation_is_written_to_directly(house: SlackHouse, way: Way) -> None:
    receipt = await way.sender.send(a_message())
    (posted,) = direct(house).messages
    assert receipt.reference == f"{direct(house).id}/{posted.ts}"
    assert receipt.threads == (receipt.reference,)
    assert posted.metadata is not None
    assert posted.metadata["event_payload"]["token"].startswith("hd.42.")
    assert posted.text.strip()


async def test_an_answer_stands_in_the_thread_of_the_conversation_that_it_answers(
    house: SlackHouse, way: Way
) -> None:
    asked = await house.says("U2", room(house), "it burns", tell=False)
    later = await house.says("U2", room(house), "really", thread=asked.ts, tell=False)
    ref = ThreadRef(answers=f"C1/{later.ts}", earlier=(f"C1/{asked.ts}", f"C1/{later.ts}"))
    receipt = await way.sender.send(a_message(to="U2", thread=ref))
    posted = room(house).messages[-1]
    assert posted.thread_ts == asked.ts
    assert receipt.threads == (f"C1/{asked.ts}",)
    assert receipt.reference == f"C1/{posted.ts}"


async def test_a_room_s_message_stands_in_no_thread_of_another_room(house: SlackHouse, way: Way) -> None:
    house.workspace.add_channel("C2", "second-line")
    asked = await house.says("U2", room(house), "it burns", tell=False)
    answers = ThreadRef(answers=f"C1/{asked.ts}")
    await way.sender.send(a_message("warning", "C2", Kind.NOTICE, thread=answers))
    assert house.workspace.conversations["C2"].messages[0].thread_ts is None


async def test_what_an_agent_alone_is_told_in_a_room_nobody_else_sees(house: SlackHouse, way: Way) -> None:
    card = await house.says("U2", room(house), "a card", tell=False)
    told = a_message("commands", "U2", Kind.NOTICE, thread=ThreadRef(answers=f"C1/{card.ts}"))
    receipt = await way.sender.send(told)
    assert len(room(house).messages) == 1
    ((user, posted),) = room(house).ephemeral
    assert (user, posted.thread_ts) == ("U2", card.ts)
    assert receipt.threads == ()


async def test_who_is_not_in_the_room_is_told_directly(house: SlackHouse, way: Way) -> None:
    told = a_message("commands", "U1", Kind.NOTICE, thread=ThreadRef(answers="acme/C1"))
    await way.sender.send(told)
    assert room(house).ephemeral == []
    assert len(direct(house).messages) == 1


async def test_a_thread_that_is_gone_is_no_reason_to_keep_silent(house: SlackHouse, way: Way) -> None:
    await way.sender.send(a_message(to="U2", thread=ThreadRef(answers="C1/1500000000.000100")))
    assert room(house).messages[0].thread_ts is None


# The card


def a_card(house: SlackHouse, card: str = "", **values: Any) -> OutgoingMessage:
    shown = {"reference": "HD-42", "subject": "It burns", "state": "new", "priority": "P2", "queue": "First line",
             "who": "Anna", "owner": "", "due": None, "text": "smoke", "category": "", "waiting_for": "",
             "fix_expected_at": None, "level": 1, "major": False, **values}  # fmt: skip
    choices = tuple(
        Choice(verb, verb) for verb in ("take", "reply", "priority", "wait", "escalate", "resolve", "note")
    )
    return a_message(
        "card", "c1", Kind.CARD, values=shown, choices=choices, thread=ThreadRef(card=card, answers=card)
    )


async def test_a_card_is_posted_once_and_then_changed_in_place(house: SlackHouse, way: Way) -> None:
    receipt = await way.sender.send(a_card(house))
    assert set(room(house).messages[0].buttons()) == {
        f"{verb}:" for verb in ("take", "reply", "priority", "wait", "escalate", "resolve", "note")
    }
    again = await way.sender.send(a_card(house, receipt.reference, owner="Ben", state="open"))
    (posted,) = room(house).messages
    assert posted.edits == 1
    assert "Ben" in posted.words()
    assert again == receipt


async def test_a_card_that_was_deleted_is_posted_anew(house: SlackHouse, way: Way) -> None:
    receipt = await way.sender.send(a_card(house))
    room(house).messages[0].deleted = True
    again = await way.sender.send(a_card(house, receipt.reference))
    assert again.reference == f"C1/{room(house).messages[-1].ts}"
    assert again.threads == (again.reference,)


# Once


async def test_i8_a_server_that_closes_after_reading_has_one_visible_post(
    house: SlackHouse, way: Way
) -> None:
    house.fail("chat.postMessage", Fault(hang=True))
    receipt = await way.sender.send(a_message())
    (posted,) = direct(house).messages
    assert receipt.reference == f"{direct(house).id}/{posted.ts}"
    assert len(house.called("chat.postMessage")) == 1


async def test_i8_what_cannot_be_looked_for_now_is_looked_for_before_it_is_sent_again(
    house: SlackHouse, way: Way
) -> None:
    message = a_message()
    house.fail("chat.postMessage", Fault(hang=True))
    house.fail("conversations.history", Fault(status=500))
    with pytest.raises(ChannelError) as failed:
        await way.sender.send(message)
    assert not failed.value.permanent
    await way.sender.send(message)
    assert len(direct(house).messages) == 1
    assert len(house.called("chat.postMessage")) == 1


async def test_i8_a_server_that_posted_nothing_is_asked_once_more(house: SlackHouse, way: Way) -> None:
    house.fail("chat.postMessage", Fault(status=502))
    await way.sender.send(a_message())
    assert len(direct(house).messages) == 1


async def test_x16_after_a_restart_what_may_have_been_posted_is_looked_for_first(
    house: SlackHouse, way: Way
) -> None:
    message = replace(a_message(), created_at=clock.now() - timedelta(hours=1))
    await way.sender.send(message)
    second = Way(house)
    receipt = await second.sender.send(message)
    await second.sender.close()
    (posted,) = direct(house).messages
    assert receipt.reference == f"{direct(house).id}/{posted.ts}"


async def test_x16_what_was_posted_in_a_long_thread_is_found_there(house: SlackHouse, way: Way) -> None:
    card = await house.says("U2", room(house), "a card", tell=False)
    for number in range(250):
        await house.says("U2", room(house), f"{number}", thread=card.ts, tell=False)
    house.fail("chat.postMessage", Fault(hang=True))
    await way.sender.send(a_message(to="U2", thread=ThreadRef(answers=f"C1/{card.ts}")))
    assert len([one for one in room(house).messages if one.metadata]) == 1


async def test_x16_what_one_person_alone_was_told_is_in_doubt_when_the_answer_is_lost(
    house: SlackHouse, way: Way
) -> None:
    card = await house.says("U2", room(house), "a card", tell=False)
    house.fail("chat.postEphemeral", Fault(hang=True))
    with pytest.raises(ChannelError) as failed:
        await way.sender.send(
            a_message("commands", "U2", Kind.NOTICE, thread=ThreadRef(answers=f"C1/{card.ts}"))
        )
    assert failed.value.ambiguous


async def test_a_slack_that_is_away_has_surely_not_posted(house: SlackHouse) -> None:
    section = Slack(bot_token="x", app_token="x", api_url="http://127.0.0.1:9/api/")
    away = SlackSender("acme", section, Way(house)._compose)
    with pytest.raises(ChannelError) as failed:
        await away.send(a_message())
    await away.close()
    assert (failed.value.permanent, failed.value.ambiguous) == (False, False)


# At the rate that Slack allows


async def test_i7_thirty_messages_go_out_in_order_and_wait_when_slack_asks_for_it(house: SlackHouse) -> None:
    way = Way(house, every=0.02)
    house.fail("chat.postMessage", *[Fault()] * 3, Fault(status=429, retry_after=1))
    for number in range(30):
        message = a_message(values={"text": f"number {number};"})
        while True:
            try:
                await way.sender.send(message)
                break
            except ChannelBusy as busy:
                await asyncio.sleep(busy.seconds)
    await way.sender.close()
    said = [one.words() for one in direct(house).messages]
    assert len(said) == 30
    assert all(f"number {number};" in words for number, words in enumerate(said))
    at = [moment for method, _, moment in house.calls if method == "chat.postMessage"]
    gaps = [after - before for before, after in itertools.pairwise(at)]
    assert gaps[3] >= 1.0
    assert min(gaps) >= 0.02  # a turn ends after the server has looked at its clock, however late that is


async def test_i7_one_conversation_that_must_wait_delays_no_other(house: SlackHouse) -> None:
    way = Way(house, every=0.02)
    house.fail("chat.postMessage", Fault(status=429, retry_after=30))
    with pytest.raises(ChannelBusy) as busy:
        await way.sender.send(a_message())
    assert 29 < busy.value.seconds <= 30
    began = time.monotonic()
    await way.sender.send(a_message(to="U2"))
    assert time.monotonic() - began < 5
    with pytest.raises(ChannelBusy):
        await way.sender.send(a_message())
    await way.sender.close()


# What Slack refuses


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived", "account_inactive",
                                  "token_revoked", "invalid_auth", "missing_scope"])  # fmt: skip
async def test_i14_what_only_an_administrator_can_mend_is_permanent_and_told(
    house: SlackHouse, way: Way, code: str
) -> None:
    house.fail("chat.postMessage", Fault(error=code))
    with pytest.raises(ChannelError) as failed:
        await way.sender.send(a_card(house))
    assert failed.value.permanent
    assert len(house.called("chat.postMessage")) == 1
    ((key, what, advice),) = way.alarms
    assert code in what
    assert code in key
    assert advice


async def test_i14_a_token_that_was_revoked_is_named_by_the_check(house: SlackHouse) -> None:
    way = Way(house, token="xoxb-old")
    with pytest.raises(ChannelError, match=r"\[slack\.acme\] bot_token"):
        await way.sender.check()
    await way.sender.close()


async def test_somebody_who_has_left_is_permanent_and_no_alarm(house: SlackHouse, way: Way) -> None:
    with pytest.raises(ChannelError) as failed:
        await way.sender.send(a_message(to="U404"))
    assert failed.value.permanent
    assert way.alarms == []


async def test_a_server_error_is_tried_again_later(house: SlackHouse, way: Way) -> None:
    house.fail("chat.postMessage", Fault(status=503), Fault(status=503))
    with pytest.raises(ChannelError) as failed:
        await way.sender.send(a_message())
    assert (failed.value.permanent, failed.value.ambiguous) == (False, False)


# Lengths


async def test_i9_a_text_of_100_kb_is_a_message_and_a_file(house: SlackHouse, way: Way) -> None:
    long = "The printer burns again. " * 4_000
    await way.sender.send(a_message(values={"text": long}))
    said, shared = direct(house).messages
    assert "[…]" in said.words()
    assert shared.thread_ts == said.ts
    ((told, content),) = house.workspace.files.values()
    assert told["title"] == "HD-42.txt"
    assert long.strip() in content.decode()


@pytest.mark.parametrize("code", ["msg_blocks_too_long", "invalid_blocks"])
async def test_i9_blocks_that_slack_does_not_take_become_plain_words_with_their_buttons(
    house: SlackHouse, way: Way, code: str
) -> None:
    house.fail("chat.postMessage", Fault(error=code))
    choices = (Choice("yes", "confirm", "yes"), Choice("no", "confirm", "no"))
    await way.sender.send(a_message("resolved", kind=Kind.CONFIRMATION, choices=choices))
    (posted,) = direct(house).messages
    assert "HD-42" in posted.words()
    assert set(posted.buttons()) == {"confirm:yes", "confirm:no"}


# Files


def a_file(name: str, content: bytes) -> Attachment:
    return Attachment(name, "text/plain", len(content), "0" * 64, content)


async def test_files_stand_in_the_thread_of_the_message(house: SlackHouse, way: Way) -> None:
    await way.sender.send(a_message(attachments=(a_file("a.txt", b"one"), a_file("b.txt", b"two"))))
    said, shared = direct(house).messages
    assert shared.thread_ts == said.ts
    assert [file["title"] for file in shared.files] == ["a.txt", "b.txt"]
    assert sorted(content for _, content in house.workspace.files.values()) == [b"one", b"two"]


async def test_x16_files_are_not_shown_twice_when_the_process_dies_behind_them(
    house: SlackHouse, way: Way
) -> None:
    files = tuple(a_file(f"{number}.txt", b"x") for number in range(12))
    message = a_message(attachments=files)
    house.fail("files.completeUploadExternal", Fault(), Fault(error="fatal_error"))  # the second ten are lost
    await way.sender.send(message)
    second = Way(house)
    await house.says("U1", direct(house), "mine", thread=direct(house).messages[0].ts, tell=False,
                     files=[("11.txt", "text/plain", b"y")])  # fmt: skip
    await second.sender.send(replace(message, again=True))
    await second.sender.send(replace(message, again=True))
    await second.sender.close()
    bot = direct(house).messages[0].user
    shown = [file["title"] for one in direct(house).messages if one.user == bot for file in one.files]
    assert sorted(shown) == sorted(file.name for file in files)


async def test_x19_what_another_process_may_have_posted_is_looked_for(house: SlackHouse, way: Way) -> None:
    message = a_message()
    second = Way(house)
    await way.sender.send(message)
    await second.sender.send(replace(message, again=True))
    await second.sender.close()
    assert len(direct(house).messages) == 1


async def test_i7_files_wait_when_slack_asks_for_it(house: SlackHouse, way: Way) -> None:
    house.fail("files.completeUploadExternal", Fault(status=429, retry_after=1))
    await way.sender.send(a_message(attachments=(a_file("a.txt", b"one"),)))
    _, shared = direct(house).messages
    assert [file["title"] for file in shared.files] == ["a.txt"]
    first, second = [moment for method, _, moment in house.calls if method == "files.completeUploadExternal"]
    assert second - first >= 1.0


async def test_a_file_that_does_not_get_there_is_named_and_the_words_stand_once(
    house: SlackHouse, way: Way
) -> None:
    house.fail("files.getUploadURLExternal", Fault(status=500))
    await way.sender.send(a_message(attachments=(a_file("a.txt", b"one"),)))
    said, named = direct(house).messages
    assert "a.txt" in named.words()
    assert named.thread_ts == said.ts


# What people wrote


async def test_i10_whatever_a_stranger_writes_pings_nobody(house: SlackHouse, way: Way) -> None:
    evil = "<!channel> <@U2> <https://evil.example|bank> *bold* & more"
    await way.sender.send(a_card(house, subject=evil, who=evil, text=evil, owner=evil))
    await way.sender.send(a_message(values={"text": evil, "subject": evil}))
    for posted in (*room(house).messages, *direct(house).messages):
        whole = f"{posted.text} {posted.blocks}"
        assert not [active for active in ("<!channel", "<@U", "<https") if active in whole]
    for values in house.called("chat.postMessage"):
        assert (values["unfurl_links"], values["unfurl_media"]) == (False, False)


async def test_i13_a_button_says_which_ticket_and_carries_no_right(house: SlackHouse, way: Way) -> None:
    choices = tuple(
        Choice(f"rate-{n}", "rate", str(n), f"https://desk.example/rate/secret-{n}") for n in range(1, 6)
    )
    await way.sender.send(a_message("survey", kind=Kind.SURVEY, choices=choices))
    (posted,) = direct(house).messages
    made = posted.buttons()
    assert {action: one["value"] for action, one in made.items()} == {f"rate:{n}": "42" for n in range(1, 6)}
    assert "secret" not in f"{posted.blocks} {posted.text}"
