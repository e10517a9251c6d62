"""How delivery reports speak when they follow no standard, and whom they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# ruff: noqa: RUF001  # words in the letters of many alphabets

SUBJECTS: Final = re.compile(
    r"\W{0,20}(?:warning\W+|re\W+|\[[^\]]{0,40}\]\s*)?(?:"
    r"undeliver|non-?deliver|nondeliver|not delivered|delivery (?:status|fail|problem|error|notif|delayed|unsuccess|incomplete)|"
    r"returned (?:e?-?mail|to sender)|mail (?:deliver|system error|could not|not deliver|returned|failure|status report)|"
    r"e?-?mail deliver|mailer-daemon|failure (?:notice|delivery)|failed (?:mail|delivery)|message (?:deliver|status\W+undeliver|delayed|undeliver|"
    r"could not|not delivered|you sent)|permanent (?:delivery )?(?:failure|error)|could not send|unable to (?:deliver|send)|"
    r"your (?:e?-?mail|message)[^\n]{0,80}(?:could not|was not|cannot|not) be? ?deliver|deferred mail|processing error|"
    r"automatically rejected|rejected mail|"
    r"unzustellbar|nicht zustellbar|zustellung fehl|mail-?zustellung|non remis|[ée]chec de (?:la )?(?:remise|distribution)|"
    r"message non (?:remis|distribu)|non recapita|impossibile recapitare|mancat[oa] (?:recapito|consegna)|notifica di mancat|"
    r"no se (?:puede|ha podido|pudo) entregar|no entregado|error de entrega|n[ãa]o (?:foi )?(?:entreg|poss[ií]vel entregar)|"
    r"notice\W+mail delivery status|delivery notification|n[ãa]o [ée] poss[ií]vel entregar|entrega (?:atrasada|retrasada)|recapito ritardato|remise différée|"
    r"onbestelbaar|bezorging (?:mislukt|vertraagd)|kan (?:inte|ikke) lever|gick inte att leverera|olevererbar|kunne ikke levere|ei voitu toimittaa|toimittamaton|"
    r"niedostarcz|nie można dostarczyć|niemożność dostarczenia|nedoručiteľn|nedoručiteln|nedoručen|kézbesíthetetlen|sikertelen kézbesítés|nelivrabil|nu se poate livra|"
    r"neisporučiv|nije isporuč|nedostavljiv|nepristatyt|nepiegādāj|edastamatu|no es pot lliurar|teslim edilemedi|iletilemedi|"
    r"не ?доставлен|не ?удается доставить|не ?удалось доставить|ошибка доставки|не ?вдалося доставити|не ?доставено|μη παραδόσιμο|αποτυχία παράδοσης|"
    r"לא ניתן למסירה|تعذر (?:ال)?تسليم|غير قابل للتسليم|không thể gửi|tidak terkirim|gagal terkirim|ไม่สามารถ(?:จัด)?ส่ง|"
    r"[^a-z]{0,12}(?:配信不能|配信(?:エラー|失敗)|送信(?:エラー|失敗)|メールエラー|メッセージを配信でき|メール配信に失敗|未送達|未配信|配送失敗|退信|来自.{1,40}的退信|系统退信|系統退信|未送达|未傳遞|無法傳遞|无法投递|無法投遞|无法送达|"
    r"投递失败|传输失败|邮件传输|배달 ?(?:실패|되지)|반송))",
    re.IGNORECASE,
)
"""Matched at the beginning of a subject."""

PHRASES: Final = re.compile(
    r"(?:could|can|was|were|has|have|is|are)(?:\s+not|n't|not)\s+(?:yet\s+)?(?:been\s+|be\s+)?(?:able\s+to\s+)?deliver|unable\s+to\s+(?:be\s+)?deliver|"
    r"deliver[ey]{1,2}\s+(?:to\s+the\s+following|failed|attempt|problem|error|has\s+failed|status\s+notification)|NOT\s+DELIVERED|"
    r"did\s+not\s+reach|could\s+not\s+be\s+(?:reached|sent|processed)|following\s+(?:recipient|address|destination)|"
    r"undeliver|permanent\s+(?:fatal\s+)?error|fatal\s+error|transcript\s+of\s+session|qmail-send|"
    r"(?:user|recipient|addressee|mailbox|account|host|userid)\s+(?:is\s+)?(?:unknown|disabled|unavailable|full|not\s+found|over\s+quota|rejected)|"
    r"(?:unknown|no\s+such|invalid)\s+(?:local\s+)?(?:user|recipient|mailbox|address|final\s+delivery)|recipient\s+address\s+rejected|"
    r"over\s+(?:disk\s+|its\s+)?quota|quota\s+exceeded|mailbox\s+(?:is\s+)?full|error\s+(?:delivering|occurred\s+while\s+trying\s+to\s+deliver)|"
    r"failure\s+reasons|(?:final|original)-recipient:|has\s+been\s+returned|message\s+(?:was\s+)?(?:rejected|returned|refused)|"
    r"rejected\s+by\s+(?:a\s+|the\s+)?remote|nameserver\s+(?:error|query)|retry\s+time\s+not\s+reached|"
    r"konnte\s+nicht\s+(?:zugestellt|ausgeliefert)|nicht\s+zugestellt|n'a\s+pas\s+pu\s+[êe]tre|non\s+[èe]\s+stato\s+possibile\s+(?:recapitare|consegnare)|"
    r"no\s+pudo\s+ser\s+entregado|n[ãa]o\s+p[ôo]de\s+ser\s+entregue|не\s+(?:может|могло)\s+быть\s+доставлен|"
    r"невозможно\s+доставить|配信できません|送信できません|送れません|送信できなかった|届けることができません|配達できません|无法(?:发送|投递|送达)|無法(?:傳送|投遞)|退信|"
    r"falha\s+na\s+entrega|leveransen\s+misslyckades|levering\s+mislyk|bezorging\s+is\s+mislukt|nie\s+można\s+dostarczyć|doručení\s+se\s+nezdařilo|"
    r"teslim\s+başarısız|toimitus\s+epäonnistui|kézbesítés\s+nem\s+sikerült|配信できませんでした|送信に失敗しました|无法送达|未能送达|"
    r"(?:did|was|were|has|have)\s+not\s+(?:yet\s+)?(?:been\s+)?(?:receive|deliver)|is\s+not\s+known\s+at|no\s+valid\s+recipients|"
    r"5\.[1-7]\.[0-9]{1,3}\b[^\n]{0,80}@",
    re.IGNORECASE,
)
"""Anywhere in the words of a mail that a machine sent or whose subject told."""

_ADDRESS: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?"
_ANY: Final = re.compile(_ADDRESS)
_COPY_BEGINS: Final = re.compile(
    r"(?:[-=_*>\s]*(?:original message|message header|unsent message|returned m|returned message|below (?:this|the next) line|"
    r"(?:here|this|below|enclosed) is a copy|copy of the|start of returned|the first \d+ lines|message text follows|"
    r"message details|forwarded message|included is a copy|the header of the original|begin forwarded)|"
    r"(?:Received|Return-Path|X-Originating-IP|DKIM-Signature|Message-I[dD])\s*:)",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(
    r"recipient|address|did not reach|failed|affected|deliver|zugestellt|zustell|distribu|recapit|consegn|entreg|достав|адрес|地址|宛先",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(
    rf"[\s>*•<\"'(-]*(?:smtp[:=])?({_ADDRESS})[\s>\"')]*(?:[:;,.]?\s*$|:\s|\s*\[|\s*\.\.\.|\s+(?:\(|-\s|user|on\s|invalid|unknown|error))",
    re.IGNORECASE,
)
_FIELD: Final = re.compile(
    rf"\s*(?:final|original)-recipient:\s*(?:rfc822;)?\s*<?({_ADDRESS})", re.IGNORECASE
)
_SAID: Final = re.compile(
    rf"(?:rcpt\s{{1,4}}to\s{{0,4}}:?|deliver(?:y|ing|ed)?[^\n]{{0,60}}?\bto\b[:\s]|addressed to|expanded from\s{{0,4}}:|recipients?\s{{0,4}}:|undeliverable address\s{{0,4}}:|unknown user\s{{0,4}}:|userid\s{{0,4}}:|"
    rf"attempts\s{{0,4}}:|smtp[=:]|message to\s{{0,4}}:?|sent to|user[:,]?|mailbox|address\s{{0,4}}[:：]?|account|收件人\s{{0,4}}[:：]|收信人\s{{0,4}}[:：]|宛先\s{{0,4}}[:：]|收件者\s{{0,4}}[:：]|"
    rf"550[- ]|551 |552 |553 |554 |5\.\d\.\d+)\s{{0,4}}[<\"'(]{{0,3}}({_ADDRESS})",
    re.IGNORECASE,
)
_AT_THE_END: Final = re.compile(
    rf"[^@\n]{{0,60}}(?:user|mailbox|recipient|address|deliver|reject|error-for|fail|unknown|undeliverable)[^@\n]{{0,60}}(?:[:\s]\s{{0,4}}|\bto\s)[<\"'(]?({_ADDRESS})[>\"')]?\s{{0,9}}$",
    re.IGNORECASE,
)
"""A whole line that ends with the address: "User's mailbox is full: <bob@example.com>"."""
_SENDER: Final = re.compile(
    rf"(?:mail|message|sent|original)\s{{1,4}}(?:from|by|sender)\s{{0,4}}:?\s{{0,4}}[<\"']{{0,3}}{_ADDRESS}",
    re.IGNORECASE,
)
_NAMES_FOLLOW: Final = re.compile(
    r"(?:following|these)\s{1,4}(?:\w+\s{1,4})?(?:recipient|address|user)", re.IGNORECASE
)
_LOCAL: Final = re.compile(r"\s{0,4}<?([A-Za-z0-9][A-Za-z0-9._-]{1,39})>?\s{0,9}$")
_RCPT: Final = re.compile(rf"rcpt\s{{1,4}}to\s{{0,4}}:?\s{{0,4}}<?({_ADDRESS})", re.IGNORECASE)
_COPIED_TO: Final = re.compile(
    rf"^[>\s]{{0,8}}To\s{{0,4}}:[^\n@]{{0,100}}?<?({_ADDRESS})>?\s{{0,9}}$", re.IGNORECASE | re.MULTILINE
)
_ROBOTS: Final = ("postmaster@", "mailer-daemon@", "abuse@", "support@")


def named_recipients(text: str, ours: set[str], domain: str = "") -> list[str]:
    """The addresses that a report in plain words calls unreached; ``ours`` are those of the report itself.

    ``domain``: of the machine that reports, to complete bare names of its own users.
    """
    lines = list(_own_lines(text))
    rest: list[str] = []
    for find in (_in_fields, _in_lists, _in_sentences, _anywhere):
        found = list(find(lines))
        kept = [
            text for text in found if text.casefold() not in ours and not text.casefold().startswith(_ROBOTS)
        ]
        if kept:
            return list(dict.fromkeys(kept))
        rest = rest or found  # an administrator's own address may fail too
    return list(dict.fromkeys(_bare_names(lines, domain) or rest or _in_copy(text, ours)))


def _bare_names(lines: list[str], domain: str) -> list[str]:
    """Names without a domain below "the following recipients", as providers write them of their own users."""
    follows = False
    found: list[str] = []
    for line in lines:
        if follows and (name := _LOCAL.match(line)):
            found.append(f"{name[1]}@{domain}")
        elif found:
            break
        follows = follows or _NAMES_FOLLOW.search(line) is not None
    return found if domain else []


def _in_copy(text: str, ours: set[str]) -> list[str]:
    """When the report names nobody itself: whom the mail was meant for, as its copy says."""
    found = _RCPT.findall(text) or _COPIED_TO.findall(text)[:1]
    return [address for address in found if address.casefold() not in ours]


def _own_lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number > 200 or (number > 1 and _COPY_BEGINS.match(line[:200])):
            return
        yield line[:1000]


def _in_fields(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if found := _FIELD.match(line):
            yield found[1]


def _in_lists(lines: list[str]) -> Iterator[str]:
    """Addresses that begin a line, as they stand below "the following addresses:"."""
    for line in lines:
        if found := _ALONE.match(line):
            yield found[1]


def _in_sentences(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if whole := _AT_THE_END.match(line):
            yield whole[1]
        for found in _SAID.finditer(_SENDER.sub("", line)):
            yield re.sub(r"^smtp[=:]", "", found[1], flags=re.IGNORECASE)


def _anywhere(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if _HEADING.search(line) and (found := _ANY.search(_SENDER.sub("", line))):
            yield found[0].removeprefix("SMTP=")
