"""Files whose content was removed are offered to nobody, on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from bot import clock
from bot.message import EMAIL, Attachment, Party
from bot.store import attachments, identities, pages, people, said, tickets
from bot.store.engine import Store, Tx
from bot.store.gone_files import GONE
from bot.store.models import AttachmentRow
from tests.store.makers import new_ticket

NOW = clock.now()


def test_a_file_that_was_removed_is_on_no_page_and_in_no_story(store: Store) -> None:
    def unit(tx: Tx) -> None:
        number = new_ticket(tx)
        shown = pages.ticket(tx, number)
        assert shown is not None
        files = tuple(
            Attachment(name, "text/plain", 1, letter * 64) for name, letter in (("a", "1"), ("b", "2"))
        )
        entry = tickets.add_entry(
            tx, tickets.NewEntry(number, "message", shown.requester_id, "mail", "x", NOW), files
        )
        first, second = attachments.of_entries(tx, [entry])
        tx.run(
            sa.update(AttachmentRow).where(AttachmentRow.id == first.id).values(name="1" * 64, sha256=GONE)
        )
        assert attachments.of_entries(tx, [entry]) == [second]
        assert attachments.seen(tx, shown, first.id) is None
        assert attachments.seen(tx, shown, second.id) == second
        assert said.files_of(tx, number) == ["b"]

    store.write_now(unit)


def test_a_link_of_somebody_who_was_joined_with_another_shows_what_is_the_others_now(store: Store) -> None:
    def unit(tx: Tx) -> None:
        number = new_ticket(tx)
        shown = pages.ticket(tx, number)
        assert shown is not None
        was = shown.requester_id
        kept = people.add(tx, Party(EMAIL, "ann@home.example", "Ann"), "ann@home.example", NOW).id
        last = people.add(tx, Party(EMAIL, "ann@club.example", "Ann"), "ann@club.example", NOW).id
        assert identities.merge(tx, kept, was) == [number]
        identities.merge(tx, last, kept)
        who, now_it_is = pages.viewer(tx, was), pages.ticket(tx, number)
        assert who is not None
        assert now_it_is is not None
        assert who.id == now_it_is.requester_id == last

    store.write_now(unit)
