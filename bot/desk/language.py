"""In which of the desk's languages somebody writes: English, Chinese or Italian.

There is no library here on purpose: the question is between three languages, of which one has its own script,
and a few dozen words answer it for a text of one line. General detectors are built for a hundred languages,
bring megabytes of tables, and guess on short texts, where a wrong guess is worse than the default.

How it decides: the text is read from its beginning, and each known word or character speaks for a language.
As soon as one is clearly ahead it has won, so what comes late (a signature, a disclaimer, a quoted mail)
does not outvote the first sentences. Words of common neighbours (French, Spanish, German, Portuguese) count
for another language, so that they are not taken for Italian. With too little evidence the default holds.

The work is bounded: at most 2,000 characters are judged, in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

JUDGED: Final = 2_000
"""Characters that are looked at."""
ENOUGH: Final = 2
"""Less evidence than this is none."""
AHEAD: Final = 6
"""With this much more than every other language, the rest of the text is not read."""

_OTHER: Final = "other"


def _weigh(language: str, weight: int, words: str) -> dict[str, tuple[str, int]]:
    return dict.fromkeys(words.split(), (language, weight))


# A word that is at home in two of the languages ("come", "me", "in", "no", "sale", "fare") stands in no list,
# nor do names of products ("dell", "word", "teams").
_WORDS: Final[dict[str, tuple[str, int]]] = {
    **_weigh(
        "en",
        2,
        "the is are was were have has had been doesn don didn isn won couldn cannot would should could this that "
        "these those with from what when where which who why please thanks thank hello hi dear my your our "
        "their does did and but not because since again anymore working broken need needs want keeps getting sound",
    ),
    **_weigh(
        "en",
        1,
        "it to of on for at by be can will you we they he she there how if or as an so any some new old help "
        "after before works fails failed open print printer locked laptop screen phone slow urgent problem "
        "issue access login reset request support keyboard connect sent regards all out up down log",
    ),
    **_weigh(
        "it",
        3,
        "buongiorno buonasera salve ciao grazie gentile gentili cordiali saluti stampante stampanti funziona "
        "funzionano riesco riusciamo posso possiamo vorrei potete potreste aiuto rotto rotta bloccato bloccata",
    ),
    **_weigh(
        "it",
        2,
        "il gli che è perché più può già però così non sono della delle degli dello nella nelle dalla dalle "
        "alla alle sulla sulle questo questa quello quella mio mia miei nostro nostra vostro anche ancora "
        "quando dopo ieri oggi stamattina domani sempre subito adesso abbiamo avete hanno tutti tutto "
        "qualcuno nessuno siamo essere vedo apre accende accedere entrare schermo tastiera telefono ufficio "
        "richiesta errore rete posta collegarmi stampa stampare dal",
    ),
    **_weigh("it", 1, "la lo le un una di da con per del dei nel sul dai ai si mi ci se ma ed ho urgente"),
    **_weigh(
        _OTHER,
        3,
        "hola gracias impresora funciona bonjour bonsoir merci imprimante fonctionne danke hallo drucker "
        "funktioniert nicht olá obrigado obrigada não impressora",
    ),
    **_weigh(
        _OTHER,
        2,
        "los las el muy pero tengo puedo está están favor les est une pas je ne et mon avec dans vous "
        "nous der das und ist ich mein meine bitte kann ein eine einen meu minha você uma het een niet mijn",
    ),
    **_weigh(_OTHER, 1, "que y para por su au du die os"),
}

_ITALIAN_ENDINGS: Final = ("à", "ù", "ò", "zione", "zioni", "mente", "ndo")

_KANA: Final = re.compile("[\u3041-\u30ff\uff66-\uff9d]")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_CHUNK: Final = re.compile(f"{_HAN.pattern}|[!-~\u00c0-\u024f\u2019]+")
_WORD: Final = re.compile("[a-z\u00df-\u024f]+")
_ADDRESS: Final = re.compile(r"[@/\\_]|[a-z0-9]\.[a-z0-9]")
_SIGNATURE: Final = re.compile(
    r"^(?:-- ?\r?$|_{5,}|sent from my |inviato da|发自)", re.MULTILINE | re.IGNORECASE
)
_QUOTED: Final = re.compile(r""""[^"\n]*"|\u201c[^\u201c\u201d\n]*\u201d|\u00ab[^\u00ab\u00bb\n]*\u00bb""")


def detect(text: str, offered: Sequence[str], default: str) -> str:
    """The language that ``text`` is written in when it is one of ``offered``, else ``default``.

    Never raises, whatever the text. A language that is recognised but not offered gives ``default``, and so
    does a text that says too little.
    """
    seen = _body(text)
    scores = {"en": 0, "it": 0, "zh": 0, _OTHER: 0}
    for language, weight in _evidence(seen):
        scores[language] += weight
        if scores[language] >= AHEAD and _lead(scores, language) >= AHEAD:
            break
    best = max(scores, key=scores.__getitem__)
    if best in offered and scores[best] >= ENOUGH and _lead(scores, best) > 0:
        return best
    return default


def _body(text: str) -> str:
    """The beginning of what was written, without what is quoted and a signature that is marked as one.

    What stands in quotation marks is mostly an error text in the language of the program.
    """
    body = text[: 4 * JUDGED].lstrip()[:JUDGED]
    signature = _SIGNATURE.search(body)
    body = body[: signature.start()] if signature and signature.start() else body
    return _QUOTED.sub(" ", body)


def _lead(scores: dict[str, int], language: str) -> int:
    return scores[language] - max(score for name, score in scores.items() if name != language)


def _evidence(text: str) -> Iterator[tuple[str, int]]:
    han = _OTHER if _is_japanese(text) else "zh"
    for chunk in _CHUNK.findall(text):
        if chunk > "\u3400":
            yield han, 1
            continue
        small = chunk.lower()
        if chunk == "IT" or _ADDRESS.search(small):  # the department; addresses, links, paths and file names
            continue
        for word in _WORD.findall(small):
            known = _WORDS.get(word)
            if known:
                yield known
            elif len(word) > 4 and word.endswith(_ITALIAN_ENDINGS):
                yield "it", 1


def _is_japanese(text: str) -> bool:
    """Japanese mixes Han characters with its own; a few of those alone are an ornament."""
    if text.isascii():
        return False
    kana = len(_KANA.findall(text))
    return kana * 8 > len(_HAN.findall(text))
