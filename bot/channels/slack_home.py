"""App Home: what somebody has asked for and how it stands; for agents also what there is to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.channels.slack_buttons import button, buttons, plain_text
from bot.channels.slack_card import date_token
from bot.message import Choice
from bot.render import states
from bot.render.moments import Setting, said_before, said_when
from bot.render.slack import escaped
from bot.store.homes import Agents, OwnTicket
from bot.store.queues import OpenTicket

Block = dict[str, Any]

_LONGEST_SUBJECT: Final = 120
_MOST_BLOCKS: Final = 95
_WORDS: Final = {
    "en": {
        "yours": "Your requests", "none": "You have no open request. Write to us here at any time.",
        "by": "We get back to you {when}", "opened": "Since {when}", "mine": "Assigned to you",
        "team": "Not yet taken", "soon": "Due soon", "nothing": "Nothing.", "more": "and {count} more",
        "due": "due {when}", "late": "was due {when}", "no-subject": "no subject",
    },
    "it": {
        "yours": "Le sue richieste", "none": "Non ha richieste aperte. Può scriverci qui in ogni momento.",
        "by": "Ci faremo sentire {when}", "opened": "Dal {when}", "mine": "Assegnate a lei",
        "team": "Ancora da prendere", "soon": "In scadenza", "nothing": "Niente.", "more": "e altre {count}",
        "due": "scade {when}", "late": "scaduta {when}", "no-subject": "senza oggetto",
    },
    "zh": {
        "yours": "您的请求", "none": "您目前没有未完成的请求。随时可以在这里留言。",
        "by": "我们将在 {when} 回复您", "opened": "提交于 {when}", "mine": "分配给您的", "team": "尚无人接手",
        "soon": "即将到期", "nothing": "没有。", "more": "另有 {count} 个", "due": "期限：{when}",
        "late": "已于 {when} 到期", "no-subject": "无主题",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks at their home, and when."""

    language: str
    time_zone: str
    now: datetime
    prefix: str
    """Of ticket numbers."""

    @property
    def words(self) -> dict[str, str]:
        return _WORDS.get(self.language, _WORDS["en"])

    @property
    def setting(self) -> Setting:
        return Setting(
            self.language if self.language in _WORDS else "en", self.time_zone, self.now, self.time_zone
        )


def home(looker: Looker, own: Sequence[OwnTicket], agents: Agents | None = None) -> dict[str, Any]:
    """The view of one person."""
    blocks = [] if agents is None else list(_for_agents(looker, agents))
    blocks += _header(looker.words["yours"])
    for ticket in own:
        blocks += _own(looker, ticket)
    if not own:
        blocks.append(_small(looker.words["none"]))
    blocks += buttons([Choice("new", "new")], 0, looker.setting.locale)
    return {"type": "home", "blocks": blocks[:_MOST_BLOCKS]}


def _own(looker: Looker, ticket: OwnTicket) -> list[Block]:
    words, setting = looker.words, looker.setting
    if ticket.promised_at and ticket.promised_at > looker.now and ticket.state != "waiting":
        when = words["by"].format(
            when=date_token(ticket.promised_at, said_before(ticket.promised_at, setting))
        )
    else:
        when = words["opened"].format(when=date_token(ticket.opened_at, said_when(ticket.opened_at, setting)))
    state = states.called(ticket.state, setting.locale)
    said = f"*{_name(looker, ticket.id, ticket.subject)}*\n{state} · {when}"
    choices = [Choice(verb, verb) for verb in ("status", "add", "close")]
    return [_section(said), *buttons(choices, ticket.id, setting.locale)]


def _for_agents(looker: Looker, agents: Agents) -> Iterable[Block]:
    words = looker.words
    lists = (
        ("soon", agents.soon, len(agents.soon)),
        ("mine", agents.mine, agents.mine_in_all),
        ("team", agents.team, len(agents.team)),
    )
    for name, tickets, in_all in lists:
        yield from _header(words[name])
        for ticket in tickets:
            verb = "actions" if ticket.owner else "take"
            step = button(Choice(verb, verb), ticket.id, looker.setting.locale)
            yield {**_section(_line(looker, ticket)), "accessory": step}
        if not tickets:
            yield _small(words["nothing"])
        if in_all > len(tickets):
            yield _small(words["more"].format(count=in_all - len(tickets)))
        yield {"type": "divider"}


def _line(looker: Looker, ticket: OpenTicket) -> str:
    setting, due = looker.setting, ""
    if ticket.due is not None:
        late = ticket.due <= looker.now
        said = said_when(ticket.due, setting) if late else said_before(ticket.due, setting)
        shown = escaped(said) if late else date_token(ticket.due, said)
        due = looker.words["late" if late else "due"].format(when=shown)
    facts = [ticket.priority, states.called(ticket.state, setting.locale), escaped(ticket.who[:80]), due]
    return f"*{_name(looker, ticket.id, ticket.subject)}*\n{' · '.join(filter(None, facts))}"


def _name(looker: Looker, ticket: int, subject: str) -> str:
    subject = " ".join(subject.split()) or looker.words["no-subject"]
    short = subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1] + "…"
    return f"{looker.prefix}-{ticket} {escaped(short)}"


def _header(words: str) -> list[Block]:
    return [{"type": "header", "text": plain_text(words, 150)}]


def _section(said: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": said, "verbatim": True}}


def _small(words: str) -> Block:
    return {"type": "context", "elements": [plain_text(words, 300)]}
