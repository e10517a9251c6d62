"""How the desk reads a request: rules, categories, questions, impact and urgency, major incidents."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from bot.config.kinds import Addresses, Locale, Section, Words
from bot.config.patterns import Pattern
from bot.message import RULE_FIELDS, is_for_rules

Degree = Literal["high", "medium", "low"]
"""Of impact and of urgency."""
Row = dict[Degree, str]
MOST_OPTIONS: Final = 8
"""Answers that one question offers."""
LONGEST_OPTION: Final = 40
"""Characters of one of them: it stands on a button."""
DEGREES: Final[tuple[Degree, ...]] = ("high", "medium", "low")


class Rule(Section):
    """One row of the table ``[[rules]]``: conditions, all of which must hold, and what follows from them.

    The table is read from the top. What a rule sets stays set: a later rule fills only what is still open,
    unless it says ``override``; a rule with ``stop`` ends the reading.
    """

    name: str
    """Told by ``why`` and ``deskbot rules test``."""
    to: Words = ()
    """The mail went to one of these addresses."""
    words: Words = ()
    """One of these words stands in the subject or in what the person wrote; capitals do not matter."""
    pattern: str = ""
    """A regular expression that is found in the subject or in what the person wrote."""
    sender: Words = ()
    """Addresses, or domains as "@example.com"."""
    header: dict[str, str] = Field(default_factory=dict)
    """Header fields of the mail and what must stand in them."""
    channel: Words = ()
    at: Literal["", "working-hours", "outside-hours"] = ""
    category: str = ""
    impact: Degree | None = None
    urgency: Degree | None = None
    team: str = ""
    language: Locale | None = None
    major: bool = False
    override: bool = False
    stop: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if value:
            Pattern.of(value)
        return value

    @field_validator("header")
    @classmethod
    def _is_kept(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not is_for_rules(name.lower()):
                raise ValueError(f'"{name}" is not kept for rules; kept are {", ".join(RULE_FIELDS)} and x-…')
        return value

    @model_validator(mode="after")
    def _does_something(self) -> Rule:
        if not (self.category or self.impact or self.urgency or self.team or self.language or self.major):
            raise ValueError("sets nothing: write category, impact, urgency, team, language or major")
        if self.major and not (self.to or self.words or self.pattern or self.sender):
            raise ValueError(
                "major: needs to, words, pattern or sender; a header, a door or an hour wakes nobody"
            )
        return self


class Category(Section):
    """A kind of request: ``[categories.hardware]``."""

    en: str = ""
    zh: str = ""
    it: str = ""
    """Its name, as requesters see it."""
    team: str = ""
    """Who looks after it; empty: ``tickets.queue``."""
    impact: Degree | None = None
    urgency: Degree | None = None
    ask: Words = ()
    """The questions whose answers are needed, of ``[questions]``."""
    complaint: bool = False
    """A remark is recorded and answered; a formal complaint is a ticket like any other."""

    def title(self, locale: str) -> str:
        """Its name in a language, or in any."""
        return getattr(self, locale, "") or self.en or self.it or self.zh


class Question(Section):
    """What is asked back when a request says too little: ``[questions.what]``."""

    en: str
    zh: str = ""
    it: str = ""
    options: dict[Locale, Words] = Field(default_factory=dict)
    """Answers that are offered as buttons where questions are asked one at a time, in each language."""
    known_by: str = ""
    """A regular expression: when it is found in the request, the question is answered already."""

    def text(self, locale: str) -> str:
        """The question in a language, or in English."""
        return getattr(self, locale, "") or self.en

    def offers(self, locale: str) -> Words:
        """The answers that are offered: in a language, or in English."""
        return next(
            (offered for key, offered in self.options.items() if key == locale), self.options.get("en", ())
        )

    @field_validator("options")
    @classmethod
    def _fit_on_buttons(cls, value: dict[Locale, Words]) -> dict[Locale, Words]:
        for locale, offered in value.items():
            if len(offered) > MOST_OPTIONS or not all(0 < len(one) <= LONGEST_OPTION for one in offered):
                raise ValueError(
                    f"{locale}: at most {MOST_OPTIONS} answers of {LONGEST_OPTION} characters each"
                )
        return value

    @field_validator("known_by")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if value:
            Pattern.of(value)
        return value


class Contact(Section):
    """Somebody who is told of a major incident: one row of ``[[major.contacts]]``."""

    unit: str
    name: str
    agent: str = ""
    """One of ``[agents]``: told through every door they have."""
    addresses: Addresses = ()
    phone: str = ""
    hours: Words = ()
    """When they are told, in the desk's time zone: "08:00-18:00"; empty: always."""
    queues: Words = ()
    """Only for incidents of these teams; empty: all."""

    @model_validator(mode="after")
    def _can_be_told(self) -> Contact:
        if not (self.agent or self.addresses):
            raise ValueError("write agent or addresses: nobody could be told")
        return self


class Major(Section):
    """What makes a major incident, and who is told at once."""

    words: Words = ()
    senders: Words = ()
    """Addresses, or domains as "@example.com", each of whose requests is one."""
    contacts: tuple[Contact, ...] = ()
    priority: str = "P1"


_HIGH: Final[Row] = {"high": "P1", "medium": "P2", "low": "P3"}
_MEDIUM: Final[Row] = {"high": "P2", "medium": "P3", "low": "P3"}
_LOW: Final[Row] = {"high": "P3", "medium": "P3", "low": "P4"}


class Matrix(Section):
    """Priority by impact (rows) and urgency (columns)."""

    high: Row = _HIGH
    medium: Row = _MEDIUM
    low: Row = _LOW

    @model_validator(mode="before")
    @classmethod
    def _keep_the_rest(cls, data: Any) -> Any:
        """A row that names only some columns keeps the others."""
        if not isinstance(data, dict):
            return data
        rows = {
            name: field.get_default(call_default_factory=True) for name, field in cls.model_fields.items()
        }
        return {**data, **{k: {**rows[k], **v} for k, v in data.items() if k in rows and isinstance(v, dict)}}

    def priority(self, impact: Degree, urgency: Degree) -> str:
        """The priority of a request."""
        row: Row = getattr(self, impact)
        return row[urgency]

    def all(self) -> dict[str, str]:
        """Every cell by its key, for checks."""
        return {f"matrix.{row}.{column}": getattr(self, row)[column] for row in DEGREES for column in DEGREES}


CATEGORIES: Final = {
    "hardware": Category(en="Hardware", zh="硬件", it="Hardware", ask=("what", "since", "device")),
    "software": Category(
        en="Software", zh="软件", it="Software", ask=("what", "since", "doing", "error", "device")
    ),
    "network": Category(en="Network", zh="网络", it="Rete", ask=("what", "since", "doing", "error")),
    "access": Category(
        en="Access and accounts", zh="账号与权限", it="Accessi e account", ask=("what", "since")
    ),
    "telephone": Category(en="Telephone", zh="电话", it="Telefonia", ask=("what", "since", "line")),
    "data": Category(
        en="Data service", zh="数据服务", it="Servizio dati", ask=("what", "since", "doing", "error")
    ),
    "question": Category(en="Question", zh="咨询", it="Domanda", urgency="low"),
    "complaint": Category(en="Complaint", zh="投诉", it="Reclamo", complaint=True),
}

QUESTIONS: Final = {
    "what": Question(
        en="What happens?", zh="出现了什么情况？", it="Che cosa succede?",
        known_by=r"(?:[\p{L}\p{N}]+[^\p{L}\p{N}]+){5}[\p{L}\p{N}]|\p{Han}{10}",
    ),
    "since": Question(
        en="Since when?", zh="从什么时候开始的？", it="Da quando?",
        options={
            "en": ("Just now", "Since today", "Since yesterday", "For some days"),
            "it": ("Da poco", "Da oggi", "Da ieri", "Da qualche giorno"),
            "zh": ("刚刚", "今天开始", "昨天开始", "已有几天"),
        },
        known_by=r"(?i)\b(?:since|yesterday|today|this morning|last week|ieri|oggi|stamattina|da quando|dalle|scors[oa])\b"
        r"|昨天|今天|今早|早上|上午|下午|刚才|刚刚|上周|以来|开始|\b\d{1,2}:\d{2}\b",
    ),
    "doing": Question(
        en="What were you doing when it happened?", zh="出现问题时您在做什么操作？", it="Che cosa stava facendo quando è successo?",
        known_by=r"(?i)\b(?:when i|while i|after i|whenever i|quando (?:apro|provo|clicco)|mentre)\b|的时候|之后",
    ),
    "error": Question(
        en="What does the error message say?", zh="错误提示的内容是什么？", it="Che cosa dice il messaggio di errore?",
        options={"en": ("There is none",), "it": ("Non c'è nessun messaggio",), "zh": ("没有错误提示",)},
        known_by=r"""(?i)["“«「『][^"”»」』]{8}|\b(?:error|errore|code|codice)\b.{0,3}\d|错误(?:代码|码)?.{0,3}\d|提示[：:]""",
    ),
    "device": Question(
        en="Which computer or device is it, with which system?", zh="是哪台电脑或设备？使用什么系统？",
        it="Quale computer o dispositivo è, con quale sistema?",
        options={
            "en": ("Windows", "Mac", "Linux", "iPhone or iPad", "Android"),
            "it": ("Windows", "Mac", "Linux", "iPhone o iPad", "Android"),
            "zh": ("Windows", "Mac", "Linux", "iPhone 或 iPad", "安卓"),
        },
        known_by=r"(?i)\b(?:windows|mac ?os|macbook|iphone|ipad|android|linux|thinkpad|surface)\b",
    ),
    "line": Question(
        en="Which telephone line is it?", zh="是哪条电话线路（号码）？", it="Quale linea telefonica è?",
        known_by=r"\d[\d ()/.-]{2}\d",
    ),
}  # fmt: skip
