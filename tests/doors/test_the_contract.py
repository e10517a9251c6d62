"""Whether the contract can fail: a door that is right keeps all of it, and one that is wrong in one way breaks
exactly the promises that say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.doors import promises_in as i
from tests.doors import promises_out as o
from tests.doors import promises_sent as sent
from tests.doors.promises_in import PROMISES_IN
from tests.doors.promises_out import PROMISES_OUT
from tests.doors.promises_sent import PROMISES_SENT
from tests.doors.table import WAYS_IN, WAYS_OUT, Promise
from tests.doors.test_ways_in import kept_by as in_kept_by
from tests.doors.test_ways_out import kept_by as out_kept_by
from tests.doors.toy import Wrong
from tests.doors.toy_ways import toy_in, toy_out

BROKEN_IN: Final[dict[Wrong | None, set[Promise]]] = {
    None: set(),
    Wrong.HASTY: {
        i.what_comes_is_committed_before_the_service_is_told,
        i.with_the_store_down_nothing_is_told_and_all_comes_again,
        i.what_comes_twice_at_once_is_kept_once_and_told_after_the_commit,
        i.a_stop_in_the_middle_loses_nothing_and_the_door_can_serve_again,
    },
    Wrong.FORGETFUL: {
        i.what_comes_twice_is_kept_once_and_told_twice,
        i.what_comes_twice_at_once_is_kept_once_and_told_after_the_commit,
    },
    Wrong.SHUFFLES: {
        i.what_one_person_says_keeps_its_order,
        i.words_do_not_overtake_the_file_that_came_before_them,
    },
    Wrong.CHOKES: {i.what_the_service_garbles_stops_nothing},
    Wrong.CUTS_WHAT_COMES: {i.a_long_text_comes_whole},
    Wrong.HOARDS: {i.what_was_handed_over_is_let_go_of},
    Wrong.SWALLOWS: {i.more_than_a_door_takes_is_refused_or_named_and_stops_nothing},
}
BROKEN_OUT: Final[dict[Wrong | None, set[Promise]]] = {
    None: set(),
    Wrong.CUTS_WHAT_GOES: {
        o.a_very_long_text_arrives_whole_and_in_order,
        o.a_text_without_a_place_to_split_it_arrives_whole,
        o.a_text_without_end_is_bounded_and_its_end_is_not_silent,
    },
    Wrong.STAMMERS: {
        o.silence_leads_to_no_second_message,
        sent.in_doubt_what_a_machine_wrote_goes_out_once_at_most,
        sent.in_doubt_what_a_person_wrote_is_not_lost,
    },
    Wrong.GIVES_UP: {
        o.a_failure_for_now_is_neither_permanent_nor_in_doubt_and_the_next_try_goes,
        sent.no_for_now_is_tried_again_until_it_goes,
        sent.a_conversation_that_must_wait_delays_no_other,
    },
    Wrong.LOSES_HEART: {
        o.a_failure_for_good_is_permanent,
        sent.no_for_good_ends_as_failed_with_its_reason,
    },
    Wrong.STICKS_UP_CARDS: {
        o.a_card_is_posted_once_and_changed_in_place,
        o.a_card_that_was_taken_away_is_posted_anew,
        o.a_hostile_card_is_words,
    },
    Wrong.LOSES_THE_THREAD: {o.an_answer_names_the_conversation_that_it_belongs_to},
    Wrong.STRIPS_FILES: {o.files_go_out_with_their_names_and_octets},
    Wrong.MUMBLES: {o.a_press_becomes_the_action, o.what_agents_press_on_a_card_becomes_the_action},
}
EVERY: Final = (*PROMISES_IN, *PROMISES_OUT, *PROMISES_SENT)


@pytest.mark.parametrize("wrong", BROKEN_IN, ids=str)
async def test_a_way_in_that_is_wrong_breaks_exactly_these_promises(
    wrong: Wrong | None, tmp_path: Path
) -> None:
    def put_through(promise: Any, folder: Path) -> Awaitable[None]:
        return in_kept_by(toy_in(wrong), promise, folder)

    assert await _broken(PROMISES_IN, put_through, tmp_path) == _names(BROKEN_IN[wrong])


@pytest.mark.parametrize("wrong", BROKEN_OUT, ids=str)
async def test_a_way_out_that_is_wrong_breaks_exactly_these_promises(
    wrong: Wrong | None, tmp_path: Path
) -> None:
    def put_through(promise: Any, folder: Path) -> Awaitable[None]:
        return out_kept_by(toy_out(wrong), promise, folder)

    assert await _broken((*PROMISES_OUT, *PROMISES_SENT), put_through, tmp_path) == _names(BROKEN_OUT[wrong])


def test_every_way_to_be_wrong_is_tried() -> None:
    assert set(Wrong) == (BROKEN_IN.keys() | BROKEN_OUT.keys()) - {None}


@pytest.mark.parametrize("name", [*WAYS_IN, *WAYS_OUT])
def test_what_a_door_does_not_promise_is_told_with_a_reason(name: str) -> None:
    tables: tuple[dict[str, Any], ...] = (WAYS_IN, WAYS_OUT)
    for table in tables:
        without = table[name].without if name in table else {}
        assert without.keys() <= {*EVERY}
        assert all(len(reason.split()) > 8 for reason in without.values())


def test_every_promise_is_kept_by_somebody_and_has_a_name_of_its_own() -> None:
    assert len({promise.__name__ for promise in EVERY}) == len(EVERY)
    for promises, table in ((PROMISES_IN, WAYS_IN), ((*PROMISES_OUT, *PROMISES_SENT), WAYS_OUT)):
        doors: list[Any] = list(table.values())
        assert all(any(promise not in door.without for door in doors) for promise in promises)


async def _broken(
    promises: tuple[Any, ...], put_through: Callable[[Any, Path], Awaitable[None]], folder: Path
) -> set[str]:
    found = set()
    for number, promise in enumerate(promises):
        own = folder / str(number)
        own.mkdir()
        try:
            await put_through(promise, own)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # a door that is wrong may do anything
            found.add(promise.__name__)
    return found


def _names(promises: set[Promise]) -> set[str]:
    return {getattr(promise, "__name__", "") for promise in promises}
