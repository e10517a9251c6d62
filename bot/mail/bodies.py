"""Which parts of a mail are its words, and the words themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bot.mail import uuencode
from bot.mail.charsets import decode
from bot.mail.parts import Mail, Part

TEXT_LIMIT: Final = 1_000_000
"""Characters of readable text that are kept; the raw mail holds the rest."""

OCTET_LIMIT: Final = 4 * TEXT_LIMIT
"""Octets of a text part that are decoded: text beyond ``TEXT_LIMIT`` may still be a uuencoded file."""

_CHARSET_IN_HTML: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_LINE_END: Final = re.compile("\r+\n|\r")


@dataclass(slots=True)
class Body:
    """The words of a mail, and the parts that are none."""

    text: str = ""
    html: str | None = None
    attached: list[Part] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """Files that stand uuencoded in the text, or in a winmail.dat."""


def read_body(mail: Mail) -> Body:
    """All text parts joined; HTML stands in where its alternative has no plain text (RFC 2046 section 5.1.4)."""
    body = _read(mail)
    if "begin " in body.text and "\nend" in body.text:
        body.text, body.files = uuencode.take_out(body.text)
    for part in body.attached:
        if part.media_type in _TNEF or part.filename.lower() == "winmail.dat":
            _unpack(body, part)
    body.text = _limited(mail, body.text)
    return body


def _unpack(body: Body, part: Part) -> None:
    from bot.mail import tnef  # only Outlook's rare mistake needs it

    unpacked = tnef.unpack(part.content())
    body.files += unpacked.files
    if not body.text.strip():
        body.text = unpacked.text


def _read(mail: Mail) -> Body:
    leaves = mail.leaves
    if len(leaves) == 1 and leaves[0].media_type == "text/plain" and not leaves[0].disposition:
        return Body(plain_text(leaves[0]))
    body = Body()
    words = [part for part in leaves if _is_words(part, sole=len(leaves) == 1)]
    words = _first_words(words)
    chosen = set(map(id, words))
    body.attached = [part for part in leaves if id(part) not in chosen]
    htmls = {id(part): _html(part) for part in words if part.media_type == "text/html"}
    texts = {id(part): plain_text(part) for part in words if id(part) not in htmls}
    covered = {group for part in words if texts.get(id(part), "").strip() for group, _ in part.alternatives}
    joined: list[str] = []
    for part in words:
        if id(part) in texts:
            text = texts[id(part)]
        elif any(group in covered for group, _ in part.alternatives):
            continue  # the same words stand in another branch as plain text
        else:
            text = _as_text(htmls[id(part)])
        if text.strip():
            joined.append(text)
    body.text = "\n".join(joined)
    if htmls:
        body.html = _limited(mail, "\n".join(html for html in htmls.values() if html.strip())) or None
    if not words:
        # The words were sent as a file: they are shown, and the file stays.
        files = [part for part in body.attached if part.media_type == "text/plain"]
        body.text = plain_text(files[0]) if len(files) == 1 == len(leaves) else ""
    return body


def plain_text(part: Part) -> str:
    """The words of a text part, with plain line ends."""
    content = part.content()[:OCTET_LIMIT]
    text = decode(content, part.charset)
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676 section 4)."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">")) if line.startswith(">") else 0
        content = line[depth:].removeprefix(" ")
        signature = content == "-- "
        soft = content.endswith(" ") and not signature
        if open_depth != depth or signature:
            out.append("\n")
            if depth:
                out.append(">" * depth + " ")
        out.append(content[:-1] if soft and delsp else content)
        open_depth = depth if soft else -1
    return "".join(out)[1:]


def _is_words(part: Part, *, sole: bool) -> bool:
    if part.media_type not in {"text/plain", "text/html"}:
        return False
    if part.disposition == "attachment":
        return sole and not part.filename and part.media_type == "text/html"
    return True


def _first_words(parts: list[Part]) -> list[Part]:
    """Text under a file name is a file, unless it is all the words there are; seen in practice: named bodies."""
    unnamed = [part for part in parts if not part.filename or part.container == "multipart/alternative"]
    if unnamed:
        return unnamed
    return parts[:1] if parts and parts[0].disposition != "inline" else []


def words_of(part: Part) -> str:
    """The words of one text part, whichever its type."""
    return _as_text(_html(part)) if part.media_type == "text/html" else plain_text(part)


def _html(part: Part) -> str:
    content = part.content()[:OCTET_LIMIT]
    charset = part.charset
    if not charset and (named := _CHARSET_IN_HTML.search(content[:4096])):
        charset = named[1].decode("ascii")
    text = decode(content, charset, html=True)
    return _LINE_END.sub("\n", text) if "\r" in text else text


def _as_text(html: str) -> str:
    from bot.mail.html_text import html_to_text  # only rare mails need it in the child's memory

    return html_to_text(html)


def _limited(mail: Mail, text: str) -> str:
    if len(text) > TEXT_LIMIT:
        mail.odd("more than a million characters of text")
        return text[:TEXT_LIMIT]
    return text
