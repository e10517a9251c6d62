"""The words by which mail programs of many languages begin a quote, a forward and a signature.

Every expression is matched against one line, or a few joined, of bounded length.
"""

from __future__ import annotations

import re
from typing import Final

# ruff: noqa: RUF001  # letters of many alphabets are what this file is about

_VERBS: Final = (
    "wrote", "writes", "said", "schrieb", "hat geschrieben", "geschrieben", "a écrit", "a ecrit",
    "ha scritto", "scrisse", "escribió", "escribio", "ha escrit", "va escriure", "escreveu", "schreef",
    "het volgende geschreven", "skrev", "kirjoitti", "napisał", "napisała", "napisał(a)", "pisze",
    "napsal", "napsala", "napsal(a)", "napísal", "napísala", "je napisao", "je napisala", "je napisal",
    "napisao", "написал", "написала", "написал(а)", "пишет", "писал", "пише", "написав", "написа",
    "ezt írta", "írta", "a scris", "şunu yazdı", "yazdı", "έγραψε", "rašė", "parašė", "rakstīja",
    "kirjutas", "menulis", "đã viết", "viết", "เขียนว่า", "כתב", "כתבה", "كتب",
)  # fmt: skip
_VERB: Final = re.compile(
    r"(?:^|[\s>)\]\"'“”*,，。年月日0-9])(?:" + "|".join(map(re.escape, _VERBS)) + r")(?=[\s:：<>*\"'(]|$)",
    re.IGNORECASE,
)
_JOINED_VERB: Final = re.compile("写道|寫道|書きました|のメール|작성|썼습니다")
"""Verbs of scripts that put no space before them."""
_WORDS: Final = re.compile(r"\w+")
_VERB_WORDS: Final = frozenset(word for verb in _VERBS for word in _WORDS.findall(verb) if len(word) > 2)
_BEGIN: Final = re.compile(
    r"[\s>*_]*(?:on|at|in|am|le|il|il giorno|in data|el|em|no dia|op|den|på|pe|în|dnia|w dniu|dne|dňa|dana|на|στις|vào|lúc|pada|"
    r"在|于|於|date|quoting)(?:[\s,0-9]|$)|[\s>*_]*(?:2[0-9]{3}[-/年.]|[0-9]{1,2}[-/. ]|(?:mon|tues?|wed|thur?s?|fri|sat|sun)(?:day)?,? )",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"[0-9]{1,4}[-/.年:][0-9]{1,2}|[0-9]{1,2}\s?(?:st|nd|rd|th|\.|de|ª|º)?\s+\w{3,}|\w{3,}\.?\s+[0-9]{1,2}\b|[0-9]{4}"
)
_DATED_SENDER: Final = re.compile(
    r"\b(?:19|20)[0-9]{2}\b.{0,40}?\b[0-9]{1,2}[:.][0-9]{2}\b.{0,200}<[^<>@\s]{1,64}@[^<>\s]{1,200}>\s?[:：]$"
)
_CLOCK: Final = re.compile(r"\b[0-9]{1,2}\s?[:.h]\s?[0-9]{2}\b|[0-9]\s?[ap]\.?m\b|[时時시]", re.IGNORECASE)
_WHO: Final = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{2,}")

DATED: Final = re.compile(
    r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ ,T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\s?(?:GMT|UTC)[+-][0-9]{2}:?[0-9]{2}[ ,:]+\S|"
    r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日.{0,200}[:：]$|"
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}\b.{1,200}<[^<>@\s]+@[^<>\s]+>\s?[:：]?$|"
    r"-{2,}\s?On \w{3}, .{8,200}\swrote\s?-{2,}$"
)
"""A date and a name, and no verb."""
INLINE_INTRO: Final = re.compile(
    r"\bOn (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? |[0-9])[^\n]{5,300}\bwrote:", re.IGNORECASE
)
OTHER_MARK: Final = re.compile(r"(?:[|:%}\]]|[A-Za-z]{1,4}>)(?=\s|\w|[\"'(>]|$)")
"""What stands before quoted lines in place of ">"."""
ANSWERS_WITHIN: Final = re.compile(
    r"\b(?:see|answer(?:s|ed)?|comment(?:s|ed)?|repl(?:y|ies|ied)|responses?|responded|notes|marked|written)\b.{0,40}"
    r"\b(?:below|inline|in-line|in line|between the lines|in (?:red|blue|green|bold|capitals))\b|"
    r"\b(?:siehe unten|s\.\s?u\.|in rot|in blau|vedi (?:sotto|in calce)|qui sotto|in rosso|in blu|ci-dessous|en rouge|en bleu|más abajo|en rojo|"
    r"abaixo|em vermelho|zie onder|hieronder|in het rood|см\. ниже)\b|见下|見下|如下|红色|紅色|以下の通り|下記",
    re.IGNORECASE,
)
"""Words that say that the answers stand inside the quoted text."""
_FORWARDED: Final = (
    "forwarded (?:message|mail|e-?mail)|message forwarded|begin forwarded (?:message|mail)|weitergeleitete (?:nachricht|mail|e-?mail)|"
    "anfang der weitergeleiteten (?:nachricht|e-?mail)|message (?:transféré|réexpédié|transmis)|(?:courriel|courrier) transféré|"
    "début du (?:message|courriel|courrier) (?:transféré|réexpédié)|messaggio inoltrato|inizio (?:del )?messaggio inoltrato|mensaje reenviado|"
    "inicio del mensaje reenviado|missatge reenviat|mensagem (?:encaminhada|reenviada|reencaminhada)|"
    "início da mensagem (?:encaminhada|reenviada|reencaminhada)|(?:begin )?doorgestuurd (?:bericht|e-?mail)|"
    "(?:start på )?videresendt (?:besked|melding|meddelelse|e-?post)|vidarebefordrat (?:brev|meddelande|mejl|e-?post)|"
    "(?:välitetty|edelleenlähetetty|edelleen lähetetty) viesti(?: alkaa)?(?: / fwd\\.msg)?|(?:przekazana wiadomość|wiadomość przekazana(?: dalej)?)|"
    "treść przekazanej wiadomości|początek przekazywanej wiadomości|(?:přeposlaná|předaná) zpráva|začátek přeposílané zprávy|"
    "preposlaná správa(?: --- forwarded message)?|začiatok preposlanej správy|továbbított (?:üzenet|levél)(?: kezdete)?|mesaj redirecționat|"
    "începe mesajul redirecționat|(?:пересылаемое|пересланное|перенаправленное|переадресованное) (?:сообщение|письмо)|"
    "начало (?:переадресованного|пересылаемого) сообщения|(?:переслане|перенаправлене) повідомлення|початок листа, що пересилається|"
    "препратено съобщение|прослеђена порука|proslijeđena poruka|prosleđena poruka|započni proslijeđenu poruku|posredovano sporočilo|"
    "(?:iletilen|yönlendirilen) (?:ileti|mesaj|posta)|iletilmiş mesaj|i̇letilmiş mesaj|i̇letilen i̇leti|i̇leti başlangıcı|ileti başlangıcı|"
    "προωθημένο μήνυμα|edastatud (?:kiri|sõnum)|persiųstas laiškas|pārsūtīta ziņa|pesan (?:terusan|yang diteruskan)|"
    "thư chuyển tiếp|tin nhắn (?:đã )?(?:được )?chuyển tiếp|ข้อความที่ส่งต่อ|הודעה שהועברה|رسالة مُ?عاد توجيهها|"
    "转发的?(?:邮件|消息)(?:信息)?|转发的原邮件|轉(?:寄|發)的?郵件(?:信息)?|以下(?:是|為)(?:转发|轉寄).{0,10}|転送(?:された)?(?:メッセージ|メール)|전달된 (?:메시지|메일)|전달 메시지"
)
FORWARD: Final = re.compile(
    rf"(?=[-_=*‐–—]{{2}}|.{{0,60}}[:：][*_\s]*$)[-_=*‐–—\s]{{0,40}}(?:{_FORWARDED})[-_=*‐–—:：\s]*(?:$|[-:])|"
    r"-{3,}\s?(?:forwarded|weitergeleitet|transféré|inoltrato|reenviado|encaminhado|doorgestuurd) (?:by|von|par|da|por|door) .{1,200}",
    re.IGNORECASE,
)
ORIGINAL: Final = re.compile(
    r"[-_=*>\s]{0,40}(?:original (?:message|mail|appointment)|reply message|ursprüngliche (?:nachricht|e-?mail)|original-nachricht|originalnachricht|urspr\. (?:nachricht)|"
    r"message d'origine|message original|messaggio originale|mensaje original|mensagem original|oorspronkelijk bericht|origineel bericht|oprindelig meddelelse|"
    r"opprinnelig melding|ursprungligt meddelande|originalmeddelande|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|původní zpráva|pôvodná správa|eredeti üzenet|"
    r"mesaj original|orijinal mesaj|исходное сообщение|оригинальное сообщение|оригінальне повідомлення|πρωτότυπο μήνυμα|thư gốc|原始邮件|原始郵件|原邮件|原信件|元のメッセージ|원본 메시지|원본 이메일)"
    r"(?:[-_=*:：\s]{0,40}$|\s?-{2,})|"
    r"[-#=*_\s]{0,40}(?:(?:please )?reply above this line|please type your reply above|write (?:your reply )?above this line)",
    re.IGNORECASE,
)
RULE: Final = re.compile(r"(?:[-_=*#~+—–.\s]{2,}|[ᐧ•·]+|[>\s]+)$")
LIST_FOOTER: Final = re.compile(r"_{30,}$")
INTRO_ENDS: Final = (":", "：", "wrote", ">")
"""How the last line of an introduction may end."""
SIGNATURE: Final = re.compile(r"\s*(?:--|—|__|––)\s*$")
_EXCUSE: Final = r"(?:[,.]\s{0,2}(?:please )?(?:excuse|pardon|forgive) .{0,40})?"
SENT_FROM: Final = re.compile(
    rf"[<(]{{0,2}}sent (?:from|via|with|using|by) (?:my |a |an |the )?[\w\[\]'.’&/+-]+(?:\s[\w\[\]'.’&/+-]+){{0,5}}\s?(?:\(https?://\S{{1,200}}\)[\w ]{{0,30}})?{_EXCUSE}[>)]{{0,2}}\s?<?(?:https?://\S{{1,200}})?>?$|"
    r"(?:get \[?outlook for (?:ios|android).{0,200}|"
    r"(?:this message was )?sent from .{0,20}(?:iphone|ipad|android|phone|blackberry|samsung|mobile|mail for windows).{0,60}|"
    r"(?:(?:diese nachricht wurde )?von meinem .{1,60} gesendet\.?|gesendet (?:von|mit|aus|über) .{1,60})|envoyé (?:de|depuis|à partir de) .{1,60}|inviato (?:da|dal|con) .{1,60}|"
    r"enviado (?:desde|do|de|a partir do|con) .{1,60}|(?:verstuurd|verzonden) (?:vanaf|van|met|via) .{1,60}|skickat från .{1,60}|"
    r"(?:sendt|sendes) fra .{1,60}|lähetetty .{1,60}|wysłane z .{1,60}|odesláno z .{1,60}|отправлено (?:с|из) .{1,60}|"
    r"发自.{1,40}|從我的.{1,30}傳送|.{1,30}から送信|나의 .{1,30}에서 보냄|.{1,30}'?(?:dan|den) gönderildi|trimis de pe .{1,40}|"
    r"outlook (?:for|für|pour|per|para) (?:ios|android).{0,40})<?(?:https?://\S{1,200})?>?$",
    re.IGNORECASE,
)


def _has_verb(text: str) -> bool:
    if _JOINED_VERB.search(text):
        return True
    # The long expression is tried only on lines that hold one of its words at all.
    return not _VERB_WORDS.isdisjoint(_WORDS.findall(text.lower())) and _VERB.search(text) is not None


def is_intro(text: str) -> bool:
    """Whether lines joined say who wrote, and when or from which address."""
    if len(text) > 500:
        return False
    if _has_verb(text):
        return _WHEN.search(text) is not None or _WHO.search(text) is not None
    return _DATED_SENDER.search(text) is not None


def is_certain(text: str) -> bool:
    """Whether an introduction bears a time or an address, as programs write it and people do not."""
    return _WHO.search(text) is not None or _CLOCK.search(text) is not None


def begins_intro(text: str) -> bool:
    """Whether an introduction begins with these words: a date, or the word that stands before one."""
    return _BEGIN.match(text) is not None


def is_opening(text: str) -> bool:
    """Whether one line says that somebody wrote, without saying when: enough right above a marked quote."""
    return text.endswith((":", "：")) and len(text) < 300 and _has_verb(text)
