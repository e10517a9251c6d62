"""Files that come with a mail: their safe names and their content (SECURITY.md C7, C8, C9, C19).

Nothing is inflated, fetched or executed: an archive, a calendar entry or a mail within the mail stays the
octets it is. Beside a winmail.dat, which stays as well, stand the files that lie in it uncompressed.
"""

from __future__ import annotations

import re
from typing import Final

from bot.mail.bodies import Body
from bot.mail.charsets import clean
from bot.mail.headers import one_line, read_fields
from bot.mail.parts import Mail, Part, is_message
from bot.message import Attachment

NAME_LIMIT: Final = 200

_HIDDEN: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_PATH: Final = re.compile(r"[/~]|\.{1,2}[/\\]|[A-Za-z]:|.*\\", re.DOTALL)
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}\Z")

_SIGNATURES: Final = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_SUFFIXES: Final = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
    "text/x-vcard": ".vcf", "text/rfc822-headers": ".txt", "text/xml": ".xml", "application/xml": ".xml",
    "application/pdf": ".pdf", "application/zip": ".zip", "application/json": ".json", "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc", "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s", "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m",
    "application/msword": ".doc", "application/rtf": ".rtf", "application/postscript": ".ps",
    "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/svg+xml": ".svg",
    "image/tiff": ".tiff", "image/bmp": ".bmp", "image/webp": ".webp", "image/heic": ".heic",
    "audio/basic": ".au", "audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/ogg": ".ogg",
    "video/mp4": ".mp4", "video/quicktime": ".mov", "video/mpeg": ".mpg",
    "message/delivery-status": ".txt", "message/disposition-notification": ".txt", "message/feedback-report": ".txt",
    "message/rfc822": ".eml", "message/global": ".eml", "message/news": ".eml",
}  # fmt: skip
_TYPES: Final = {suffix: media_type for media_type, suffix in reversed(_SUFFIXES.items())}


def read_attachments(mail: Mail, body: Body) -> tuple[Attachment, ...]:
    """The files of a mail, with their content."""
    parts = [part for part in body.attached if not _is_wrapping(part, body.attached)]
    found = [_from_part(mail, part, number) for number, part in enumerate(parts, 1)]
    for number, (given_name, content) in enumerate(body.files, len(found) + 1):
        name = safe_name(given_name) or f"attachment-{number}"
        suffix = name[name.rfind(".") :].lower() if "." in name else ""
        found.append(_attachment(name, _TYPES.get(suffix, "application/octet-stream"), content))
    return tuple(found)


def safe_name(name: str) -> str:
    """A name to show and to offer for download; empty when nothing of it is fit."""
    name = _HIDDEN.sub("", one_line(clean(name.replace("\0", ""))))
    if _PATH.match(name):
        name = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _SPACES.sub(" ", _FORBIDDEN.sub("_", name)).strip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"
    if len(name) > NAME_LIMIT:
        stem, dot, suffix = name.rpartition(".")
        keep = f"{dot}{suffix}" if dot and len(suffix) <= 20 else ""
        name = (stem if keep else name)[: NAME_LIMIT - len(keep)].rstrip(" .") + keep
    return name


def _from_part(mail: Mail, part: Part, number: int) -> Attachment:
    media_type = part.media_type if _TYPE.match(part.media_type) else "application/octet-stream"
    name = safe_name(part.filename)
    if not name and is_message(part):
        name = safe_name(_subject_within(mail, part))
        name = f"{name[: NAME_LIMIT - 4]}.eml" if name else ""
    name = name or f"attachment-{number}{_SUFFIXES.get(media_type, '')}"
    return _attachment(name, media_type, part.content(), inline=_is_inline(part))


def _attachment(name: str, media_type: str, content: bytes, *, inline: bool = False) -> Attachment:
    from hashlib import sha256  # OpenSSL takes 4 MB, which most mails do not need

    return Attachment(
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=sha256(content).hexdigest(),
        content=content,
        inline=inline,
    )


def _is_wrapping(part: Part, parts: list[Part]) -> bool:
    """A signature over the mail, or the second copy of an invitation: of the mail, not of the person."""
    if part.container == "multipart/signed" and part.media_type in _SIGNATURES and not part.filename:
        return True
    return (
        part.media_type == "text/calendar"
        and not part.filename
        and part.container == "multipart/alternative"
        and any(other.media_type == "application/ics" for other in parts)
    )


def _subject_within(mail: Mail, part: Part) -> str:
    fields, _ = read_fields(mail.raw, part.start, part.end)
    return fields.text("subject")


def _is_inline(part: Part) -> bool:
    if part.disposition:
        return part.disposition == "inline"
    return part.container == "multipart/related" or "content-id" in part.fields
