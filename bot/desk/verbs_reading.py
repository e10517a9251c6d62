"""How a request is read, when an agent knows better than the rules."""

from __future__ import annotations

from typing import Any

from bot.desk import major, moving
from bot.desk.cases import NOTE, Case, Done, Refused
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.desk.states import DONE
from bot.desk.verbs_owner import hand_over


def category(case: Case, command: Command) -> Done:
    """``category WORD``. A ticket that nobody owns goes to the team of its new category; impact, urgency and
    priority stay as they are."""
    wanted = named(case.desk, command.words)
    if wanted is None:
        raise Refused("no-such-category", given=command.words, known=", ".join(case.desk.config.categories))
    team = case.desk.config.categories[wanted].team or case.desk.config.tickets.queue
    moves = case.ticket.owner_id is None and case.ticket.state not in DONE and team != case.ticket.queue
    values: dict[str, Any] = {"category": wanted, "queue": team} if moves else {"category": wanted}
    if not (case.change("category", **values) and moves):
        return Done("category", {"to": wanted})
    # A team that gives its tickets out has given it to somebody by now, and told them.
    if case.ticket.owner_id is None:
        hand_over(case, case.desk.roster.of_team(team), case.desk.team_name(team))
    return Done("category", {"to": wanted, "team": case.desk.team_name(team)})


def named(desk: Desk, words: str) -> str | None:
    """The category that somebody means: by its key, or by its name in any language."""
    wanted = " ".join(words.split()).casefold()
    return next(
        (
            key
            for key, section in desk.config.categories.items()
            if wanted in {key.casefold(), *(section.title(locale).casefold() for locale in desk.locales)}
        ),
        None,
    )


def major_(case: Case, command: Command) -> Done:
    """``major REASON``: everybody is told, once."""
    moving.not_merged(case, case.ticket)
    if case.ticket.state in DONE:
        raise Refused("is-already", state=case.ticket.state)
    if not case.ticket.major:
        case.keep(NOTE, command.words)
    case.ticket, told = major.declare(
        case.tx, case.ticket, command.words, case.agent, case.desk, case.now, case.channel
    )
    return Done("major", {"told": told})
