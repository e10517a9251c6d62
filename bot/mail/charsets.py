"""Octets to text: which charsets are believed, and what is done when they lie (SECURITY.md C5, C6, C17).

Python's codec registry also holds compressors, ROT13 and codecs of quadratic cost, so a name from a mail is
never looked up as it stands: it must be in the list below.
"""

from __future__ import annotations

import re
from typing import Final

_SAME: Final = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be koi8-r koi8-u koi8-t gb18030 "
    "big5 big5hkscs euc-jp euc-jis-2004 iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-2004 iso-2022-jp-3 "
    "iso-2022-jp-ext iso-2022-kr cp932 cp949 cp950 johab hz cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 "
    "cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 "
    "cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 "
    "iso8859-13 iso8859-14 iso8859-15 iso8859-16 mac-roman mac-cyrillic mac-greek mac-latin2 mac-turkish "
    "mac-iceland ptcp154 kz1048 shift-jis-2004 cp720 hp-roman8"
)

_ALIASES: Final = {
    # What mail programs call a subset, and then fill with the superset (as browsers know too).
    "ascii": "ascii", "us-ascii": "ascii", "ansi-x3.4-1968": "ascii", "646": "ascii", "iso646-us": "ascii",
    "7bit": "ascii", "8bit": "ascii", "default": "ascii", "none": "ascii",
    "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "cp65001": "utf-8", "utf-8-sig": "utf-8", "utf8mb4": "utf-8",
    "utf-7": "utf-7", "utf7": "utf-7", "unicode-1-1-utf-7": "utf-7", "cp65000": "utf-7",
    "utf16": "utf-16", "unicode": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be",
    "utf32": "utf-32", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be",
    "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252", "cp819": "cp1252",
    "ansi": "cp1252", "iso8859": "cp1252",
    "latin2": "iso8859-2", "latin-2": "iso8859-2", "latin5": "cp1254", "latin9": "iso8859-15", "latin-9": "iso8859-15",
    "iso8859-8-i": "iso8859-8", "iso8859-8-e": "iso8859-8", "iso8859-6-i": "iso8859-6", "iso8859-6-e": "iso8859-6",
    "iso8859-9": "cp1254", "iso8859-9e": "cp1254", "iso8859-11": "cp874", "iso8859-12": "cp1252",
    "tis-620": "cp874", "dos-874": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "euc-cn": "gb18030", "gb-2312": "gb18030",
    "gb2312-80": "gb18030", "gb-2312-80": "gb18030", "chinese": "gb18030", "x-gbk": "gb18030", "gb": "gb18030",
    "hz-gb-2312": "hz", "hzgb": "hz",
    "big5-hkscs": "big5hkscs", "big-5": "big5hkscs", "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs", "big5": "big5hkscs",
    "ms950": "cp950", "big5-eten": "cp950",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms932": "cp932", "cp31j": "cp932",
    "ms-kanji": "cp932", "csshiftjis": "cp932", "shiftjis": "cp932", "shift_jis": "cp932",
    "ujis": "euc-jp", "x-euc-jp": "euc-jp", "eucjp": "euc-jp", "eucjp-ms": "euc-jp", "cp51932": "euc-jp", "x-euc": "euc-jp",
    "iso-2022-jp": "iso-2022-jp-ext", "csiso2022jp": "iso-2022-jp-ext", "jis": "iso-2022-jp-ext",
    "cp50220": "iso-2022-jp-ext", "cp50221": "iso-2022-jp-ext", "cp50222": "iso-2022-jp-ext", "iso2022-jp": "iso-2022-jp-ext",
    "ks-c-5601-1987": "cp949", "ks-c-5601": "cp949", "ksc-5601": "cp949", "ksc5601": "cp949", "euc-kr": "cp949",
    "euckr": "cp949", "uhc": "cp949", "ms949": "cp949", "korean": "cp949", "ks-x-1001": "cp949", "ksc5601-1987": "cp949",
    "ks-c-5601-1989": "cp949", "cseuckr": "cp949", "cp1361": "johab", "iso2022-kr": "iso-2022-kr",
    "koi8": "koi8-r", "koi8r": "koi8-r", "koi": "koi8-r", "koi8u": "koi8-u", "koi8-ru": "koi8-u", "cskoi8r": "koi8-r",
    "macintosh": "mac-roman", "mac": "mac-roman", "x-mac-roman": "mac-roman", "macroman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic", "x-mac-greek": "mac-greek", "x-mac-ce": "mac-latin2", "x-mac-turkish": "mac-turkish",
    "usascii": "ascii", "ascii-us": "ascii", "en-us.ascii": "ascii", "english": "ascii", "binary": "ascii",
    "utf-8-mac": "utf-8", "utf8-mac": "utf-8", "utf-8859-1": "utf-8", "unicode-2-0-utf-7": "utf-7", "unicode-2-0-utf-8": "utf-8",
    "iso-10646-ucs-2": "utf-16-be", "ucs-2": "utf-16-be", "ucs2": "utf-16-be", "iso-10646-ucs-4": "utf-32-be", "ucs-4": "utf-32-be",
    "iso-latin-1": "cp1252", "8859-1": "cp1252", "cp28591": "cp1252", "isolatin1": "cp1252",
    "isolatin2": "iso8859-2", "8859-2": "iso8859-2", "cp28592": "iso8859-2", "cp28595": "iso8859-5", "cp28597": "iso8859-7", "cp28605": "iso8859-15",
    "latin3": "iso8859-3", "latin4": "iso8859-4", "isolatin5": "cp1254", "latin6": "iso8859-10", "latin7": "iso8859-13", "latin8": "iso8859-14",
    "latin10": "iso8859-16", "latin-10": "iso8859-16", "iso-ir-100": "cp1252", "iso-ir-101": "iso8859-2",
    "arabic": "iso8859-6", "asmo-708": "iso8859-6", "ecma-114": "iso8859-6", "isolatinarabic": "iso8859-6", "dos-720": "cp720",
    "greek": "iso8859-7", "elot-928": "iso8859-7", "ecma-118": "iso8859-7", "isolatingreek": "iso8859-7",
    "hebrew": "iso8859-8", "visual": "iso8859-8", "logical": "cp1255", "isolatinhebrew": "iso8859-8", "dos-862": "cp862",
    "cyrillic": "iso8859-5", "isolatincyrillic": "iso8859-5", "cp20866": "koi8-r", "cp21866": "koi8-u",
    "thai": "cp874", "tis620": "cp874", "tis-620.2533": "cp874", "tis-620.2533-0": "cp874", "tis-620.2529-1": "cp874", "cp162": "cp874",
    "gb18030-2000": "gb18030", "cp54936": "gb18030", "iso-ir-58": "gb18030", "cp20936": "gb18030", "cp52936": "hz", "big5-2003": "big5hkscs",
    "windows31j": "cp932", "windows-31j": "cp932", "sjis-win": "cp932", "ms-cp932": "cp932", "mac-japanese": "cp932", "sjis-jp": "cp932",
    "eucjpms": "euc-jp", "euc-jp-ms": "euc-jp", "iso-2022-jp-ms": "iso-2022-jp-ext", "cp20932": "euc-jp",
    "iso-ir-149": "cp949", "cp51949": "cp949", "mac-korean": "cp949", "iso2022kr": "iso-2022-kr", "cp50225": "iso-2022-kr",
    "roman8": "hp-roman8", "r8": "hp-roman8", "macce": "mac-latin2", "mac-croatian": "mac-latin2", "mac-centraleurope": "mac-latin2", "cp10000": "mac-roman",
    "ibm437": "cp437", "ibm850": "cp850", "ibm852": "cp852", "ibm866": "cp866", "dos-866": "cp866",
}  # fmt: skip

CODECS: Final[dict[str, str]] = {name: name for name in _SAME.split()} | _ALIASES

_PREFIXES: Final = (
    ("iso-8859", "iso8859"),
    ("windows-", "cp"),
    ("windows", "cp"),
    ("win-", "cp"),
    ("win", "cp"),
    ("cp-", "cp"),
    ("ibm-", "cp"),
    ("ibm", "cp"),
    ("ms-", "cp"),
    ("dos-", "cp"),
)

_ESCAPED: Final = frozenset(
    {"utf-7", "hz", "iso-2022-jp-ext", "iso-2022-kr", "iso-2022-jp-1", "iso-2022-jp-2"}
)
_WIDE: Final = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_SINGLE: Final = re.compile(r"(?:cp1252|cp125\d|iso8859-\d+|mac-roman|koi8-[ru]|cp8\d\d|ascii)\Z")

_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_JIS_PIECES: Final = re.compile(rb"(\x1b[$(][@-DIJ]?[@B]?)")
_ESCAPE_SEQUENCES: Final = (b"\x1b$B", b"\x1b$@", b"\x1b(J")


def codec(name: str) -> str | None:
    """The Python codec for a charset name as found in a mail, or None when it is not a text charset we know."""
    name = name.strip(" \t\"'<>;,=").lower().replace("_", "-")
    if name in CODECS:
        return CODECS[name]
    name = name.removeprefix("x-").removeprefix("cs")
    if name in CODECS:
        return CODECS[name]
    for prefix, ours in _PREFIXES:
        if name.startswith(prefix) and (
            known := CODECS.get(ours + name.removeprefix(prefix).partition(":")[0])
        ):
            return known
    return None


def decode(data: bytes, charset: str = "", *, html: bool = False) -> str:
    """Text from octets; never raises. Bad octets become U+FFFD, what cannot be stored is dropped.

    UTF-7 is refused in HTML, where it has been used to hide markup.
    """
    name = codec(charset) if charset else None
    if name == "utf-7" and html:
        name = None
    if data.isascii() and (name is None or (name not in _ESCAPED and name not in _WIDE)):
        if name is None and any(sequence in data for sequence in _ESCAPE_SEQUENCES):
            return clean(data.decode("iso-2022-jp-ext", "replace"))
        return data.translate(None, _CONTROLS).decode("ascii")
    return clean(_decode_as(data, name))


def _decode_as(data: bytes, name: str | None) -> str:
    if name is None or name in {"ascii", "utf-8"}:
        return _mostly_utf8(data)
    if _SINGLE.match(name):
        # A long run of valid UTF-8 is never an accident, whatever the label says.
        return _strictly(data, "utf-8-sig") or data.decode(name, "replace")
    text = _strictly(data, name)
    if text is None and name.startswith("iso-2022-jp"):
        text = _vendor_jis(data) or _strictly(data, "iso-2022-jp-2004") or _strictly(data, "iso-2022-jp-3")
    if text is None and not data.isascii():
        text = _strictly(data, "utf-8-sig")
    return data.decode(name, "replace") if text is None else text


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeError:
        return None


def _vendor_jis(data: bytes) -> str | None:
    """ISO-2022-JP with the characters of NEC and IBM, seen in practice; Shift JIS of Windows knows them."""
    out = bytearray()
    wide = False
    for piece in _JIS_PIECES.split(data):
        if piece.startswith(b"\x1b"):
            wide = piece[1:2] == b"$"
        elif wide:
            for high, low in zip(piece[::2], piece[1::2], strict=False):
                out.append(((high - 0x21) >> 1) + (0x81 if high < 0x5F else 0xC1) & 0xFF)
                out.append(low + (0x7E if high % 2 == 0 else 0x20 if low >= 0x60 else 0x1F) & 0xFF)
        else:
            out += piece
    return _strictly(bytes(out), "cp932")


def _mostly_utf8(data: bytes) -> str:
    """UTF-8 with some damage, else windows-1252: whichever leaves less that cannot be read."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    ascii_only = len(data) - len(data.translate(None, _ASCII))
    if damaged * 2 > len(text) - ascii_only:
        return data.decode("cp1252", "replace")
    return text


_ASCII: Final = bytes(range(128))
_CONTROLS: Final = bytes(octet for octet in range(32) if octet not in b"\t\n\r") + b"\x7f"


def clean(text: str) -> str:
    """Without what a database or a terminal cannot bear: NUL, other C0 controls, DEL, lone surrogates."""
    return _UNWANTED.sub("", text) if not text.isprintable() else text
