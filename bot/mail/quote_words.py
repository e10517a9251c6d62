"""The words by which mail programs of many languages begin a quote, a forward and a signature.

Every expression is matched against one line, or a few joined, of bounded length.
"""

from __future__ import annotations

import re
from typing import Final

# ruff: noqa: RUF001  # letters of many alphabets are what this file is about

_VERBS: Final = (
    "wrote", "writes", "said", "schrieb", "schrieben sie", "hat geschrieben", "geschrieben", "a écrit", "a ecrit", "nous a dit",
    "ha scritto", "scrisse", "escribió", "escribio", "escribiu", "ha escrit", "va escriure", "escreveu", "schreef", "geskryf",
    "het volgende geschreven", "skrev", "skrifaði", "kirjoitti", "napisał", "napisała", "napisał(a)", "nadesłał", "pisze",
    "wiadomość napisana", "napsal", "napsala", "napsal(a)", "napísal", "napísala", "napísal(a)", "je napisao", "je napisala",
    "je napisal", "napisao", "napisala", "napisal", "написал", "написала", "написал(а)", "пишет", "писал", "писал(а)", "пише",
    "написав", "написав(ла)", "написав(-ла)", "написала", "написао", "написа", "ezt írta", "írta", "írta:", "a scris",
    "şunu yazdı", "şunları yazdı", "yazdı", "έγραψε", "rašė", "parašė", "rakstīja", "kirjutas", "menulis", "sinulat", "isinulat",
    "idatzi du", "aliandika", "đã viết", "viết", "เขียนว่า", "เขียนเมื่อ", "כתב", "כתבה", "كتب", "كتبت", "نوشت", "लिखा", "লিখেছেন",
)  # fmt: skip
_VERB: Final = re.compile(
    r"(?:^|[\s>)\]\"'“”*,，。،年月日0-9])(?:" + "|".join(map(re.escape, _VERBS)) + r")(?=[\s:：<>*\"'(/]|$)",
    re.IGNORECASE,
)
_JOINED_VERB: Final = re.compile(
    "写道|寫道|写到|書きました|のメ(?:ール|ッセージ)|さんwrote|작성|썼습니다|쓴 글|كتابة"
)
"""Verbs of scripts that put no space before them."""
_WORDS: Final = re.compile(r"\w+")
_VERB_WORDS: Final = frozenset(word for verb in _VERBS for word in _WORDS.findall(verb) if len(word) > 2)
_BEGIN: Final = re.compile(
    r"[\s>*_]*(?:on|at|in|am|le|il|il giorno|in data|el|em|no dia|op|den|på|pe|în|dnia|w dniu|dne|dňa|dana|на|στις|vào|lúc|pada|"
    r"dne|dana|le|van|þann|kuupäev|noong|v|u|στις|pada tanggal|ב|في|在|于|於|date|quoting)(?:[\s,0-9]|$)|[\s>*_]*(?:2[0-9]{3}[-/年.]|[0-9]{1,2}[-/. ]|(?:mon|tues?|wed|thur?s?|fri|sat|sun)(?:day)?,? )",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"[0-9]{1,4}[-/.年:][0-9]{1,2}|[0-9]{1,2}\s?(?:st|nd|rd|th|\.|de|ª|º)?\s+\w{3,}|\w{3,}\.?\s+[0-9]{1,2}\b|[0-9]{4}"
)
_DAY: Final = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}(?![0-9])|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(?![0-9]))"
)
_CLOCK: Final = re.compile(r"\b[0-9]{1,2}\s?[:.h]\s?[0-9]{2}\b|[0-9]\s?[ap]\.?m\b|[时時시]", re.IGNORECASE)
_WHO: Final = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{2,}|\svia\s")
_SAYS: Final = re.compile(r"\b(?:said|says|a dit)\s?:$", re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(
    r"[<(\[]\s{0,2}(?:mailto:)?[^\s<>@()]{1,64}@[^\s<>@()]{2,200}[>)\]]|\svia\s|[\"”»]\s?<?[^\s<>@]{1,64}@"
)

DATED: Final = re.compile(
    r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ ,T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\s?(?:GMT|UTC)[+-][0-9]{2}:?[0-9]{2}[ ,:]+\S|"
    r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日.{0,200}[:：]$|"
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}\b.{1,200}<[^<>@\s]+@[^<>\s]+>\s?[:：]?$|"
    r"(?:quoting|quote from|zitat von|citando a|citazione da|citation de|citat van) .{1,200}[:：]$|posted by .{1,80} on [0-9]{2}/[0-9]{2}/[0-9]{4}$|"
    r"-{2,}\s?On \w{3}, .{8,200}\swrote\s?-{2,}$|"
    r"(?:[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4}) .{1,100}@[^\s<>]{2,100}>\s?[:：]$",
    re.IGNORECASE,
)
"""A date and a name, and no verb."""
INLINE_INTRO: Final = re.compile(
    r"\bOn (?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? |[0-9])[^\n]{5,300}\bwrote:", re.IGNORECASE
)
OTHER_MARK: Final = re.compile(r"(?:[|:%}\]]|[A-Za-z]{1,4}>)(?=\s|\w|[\"'(>]|$)")
"""What stands before quoted lines in place of ">"."""
_SIGNS: Final = frozenset("-_=*>#|[‐–—0123456789")


def may_begin_quote(line: str) -> bool:
    """A quick look at a line that is not empty: most lines of prose can be no sign of a quote at all."""
    return (
        line[0] in _SIGNS
        or ":" in line
        or "：" in line
        or line.endswith((">", "wrote"))
        or "bove this" in line
        or "type your reply" in line
    )


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
_ORIGINALS: Final = (
    "original[- ](?:message|mail|e-?mail|appointment)|(?:reply|replied) message|ursprüngliche (?:nachricht|e-?mail|mail)|original-?nachricht|"
    "urspr(?:\\.|üngl\\.) nachricht|originalnachricht|antwort nachricht|message d['’]origine|message original|mail original|courriel original|"
    "messaggio originale|mail originale|mensaje original|correo original|missatge original|mensagem original|e-mail original|"
    "oorspronkelijk(?:e)? (?:bericht|e-?mail)|origine(?:e)?le? bericht|oprindelig (?:meddelelse|besked|mail)|opprinnelig (?:melding|e-?post)|"
    "original(?:t)? (?:meddelande|melding)|ursprungligt meddelande|originalmeddelande|ursprungligt mejl|alkuperäinen viesti|oryginalna wiadomość|"
    "wiadomość oryginalna|(?:původní|originální) (?:zpráva|e-mail)|pôvodná správa|originalna poruka|izvorna poruka|izvirno sporočilo|оригинална порука|"
    "eredeti (?:üzenet|levél)|mesaj(?:ul)? original|orijinal (?:mesaj|ileti|i̇leti)|(?:исходное|оригинальное|первоначальное) (?:сообщение|письмо)|"
    "(?:оригінальне|початкове|вихідне) повідомлення|оригинално съобщение|(?:πρωτότυπο|αρχικό) μήνυμα|algne kiri|pradinis laiškas|oriģinālā ziņa|"
    "pesan asli|thư gốc|tin nhắn (?:ban đầu|gốc)|ข้อความต้นฉบับ|ข้อความเดิม|הודעה מקורית|الرسالة الأصلية|"
    "(?:回复的|回覆的)?原(?:始)?(?:邮件|郵件|信件|訊息|消息)(?:信息|内容)?(?:\\([^)]{0,30}\\))?|元の(?:メッセージ|メール)|원본 ?(?:메시지|이메일|메일)"
)
ORIGINAL: Final = re.compile(
    rf"(?=[-_=*>#‐–—\[]|.{{0,60}}[:：]$)[-_=*>‐–—\s\[]{{0,40}}(?:{_ORIGINALS})(?:[-_=*:：‐–—\s\]]{{0,40}}$|\s?-{{2,}})|"
    r"-{4,}\s?(?:&nbsp;)?\s?(?:original|原始邮件)\s?(?:&nbsp;)?\s?-{4,}$|"
    r"[-#=*_\s\[]{0,40}(?:(?:please )?reply above this line|please type your reply above|(?:please )?write (?:your reply )?above this line)|"
    r"[>\[ ]{0,4}original message processed by ",
    re.IGNORECASE,
)
RULE: Final = re.compile(r"(?:[-_=*#~+—–.\s]{2,}|[ᐧ•·]+|[>\s]+)$")
LIST_FOOTER: Final = re.compile(r"_{30,}$")
OF_A_LIST: Final = re.compile(
    r"(?:\blist|subscri|@).{0,400}://|://.{0,400}(?:\blist|subscri|@)", re.IGNORECASE
)
INTRO_ENDS: Final = (":", "：", "wrote", ">")
"""How the last line of an introduction may end."""
SIGNATURE: Final = re.compile(r"\s*(?:--|—|__|––)\s*$")
_EXCUSE: Final = r"(?:[,.]\s{0,2}(?:please )?(?:excuse|pardon|forgive) .{0,40})?"
_SENT_FROM: Final = re.compile(
    rf"[<(]{{0,2}}sent (?:from|via|with|using|by) (?:my |a |an |the )?[\w\[\]'.’&/+-]+(?:\s[\w\[\]'.’&/+-]+){{0,5}}\s?(?:\(https?://\S{{1,200}}\)[\w ]{{0,30}})?{_EXCUSE}[>)]{{0,2}}\s?<?(?:https?://\S{{1,200}})?>?$|"
    r"(?:get \[?outlook for (?:ios|android|mac|windows).{0,200}|from my [\w -]{1,20}|\w{1,20} from (?:my )?mobile|"
    r"(?:this (?:message|e-?mail) was )?sent from .{0,20}(?:iphone|ipad|android|phone|blackberry|samsung|mobile|mail for windows).{0,60}|"
    r"(?:(?:diese (?:nachricht|e-?mail|mail) wurde )?von (?:meinem|meiner|unterwegs|samsung|outlook).{0,60} gesendet\.?|gesendet (?:von|mit|aus|über) .{1,60})|"
    r"envoyé (?:de|depuis|à partir de|avec) .{1,60}|(?:télécharge[rz]|obtenir) outlook pour .{1,60}|inviato (?:da|dal|con) .{1,60}|scarica outlook per .{1,60}|"
    r"enviado (?:desde|do|de|a partir do|a partir de|con|com|pelo) .{1,60}|(?:obtener|obter o|descargar|baixar o) outlook para .{1,60}|enviat (?:des del|amb) .{1,60}|"
    r"(?:verstuurd|verzonden) (?:vanaf|van|met|via|vanuit) .{1,60}|skickat från .{1,60}|från min \w{1,20}|(?:hämta|hent|skaff deg) outlook (?:för|til|for) .{1,60}|"
    r"(?:sendt|sendes) (?:fra|med|via) .{1,60}|lähetetty .{1,60}|hanki outlook .{1,60}|wysłan[eo] (?:z|za) .{1,60}|pobierz (?:aplikację )?outlook .{1,60}|"
    r"odesláno z .{1,60}|odoslané z .{1,60}|poslano (?:s|sa|z|iz) .{1,60}|послато са .{1,60}|отправлено (?:с|из|от|через) .{1,60}|надіслано (?:з|із) .{1,60}|"
    r"изпратено от .{1,60}|(?:получить|скачать) outlook .{1,60}|στάλθηκε από .{1,60}|trimis (?:de pe|din|de la) .{1,40}|išsiųsta iš .{1,40}|saadetud minu .{1,40}|"
    r"dikirim dari .{1,60}|đã gửi từ .{1,60}|gửi từ .{1,60}|ส่งจาก.{1,60}|נשלח (?:מ|באמצעות).{1,60}|أُ?رسلت? من .{1,60}|"
    r"发自.{1,40}|從我的.{1,30}(?:傳送|發送)|从我的.{1,30}发送|發自.{1,40}|寄自.{1,40}|傳送自.{1,40}|"
    r"outlook (?:for|für|pour|per|para|voor) (?:ios|android).{0,40})\s?<?(?:https?://\S{1,200})?>?$",
    re.IGNORECASE,
)
_SENT_FROM_END: Final = re.compile(
    r"(?:から送信(?:しました)?。?|에서 (?:보냄|보냈습니다|전송했습니다)\.?|(?:dan|den|tan|ten|dan) gönderildi\.?|-om?ról küldve|ról küldve|ből küldve)$",
    re.IGNORECASE,
)


_DEVICE: Final = re.compile(
    r"i-?phon|i-?pad|i-?pod|android|outlook|yahoo|samsung|galaxy|huawei|xiaomi|redmi|honor|oppo|pixel|nokia|lumia|htc|sony|xperia|motorola|lg\b|gmx|web\.de|"
    r"t-online|orange|free\b|libero|proton|spark|k-9|airmail|mail|app\b|mobil|phone|handy|tele?fono?|t[ée]l[ée]phone|telem[óo]vel|celular|m[óo]vil|blackberry|"
    r"windows|tablet|unterwegs|meine[mr]\b|mon\b|ma\b|mi\b|meu\b|minha\b|mio\b|mijn\b|min\b|mitt?\b|mojego|mého|môjho|meg\b|моего|моей|мого|mobile|"
    r"手机|手機|邮箱|郵件|信箱|我的|μου|của tôi|saya|שלי|ของ",
    re.IGNORECASE,
)


def is_sent_from(line: str) -> bool:
    """Whether a line is what programs add: "Sent from my phone"."""
    if _SENT_FROM.match(line) is not None:
        # In other languages than English the words before the device are everyday ones.
        return (
            line.isascii() and line[:4].lower() in {"sent", "get ", "(sen", "<<se", "this"}
        ) or _DEVICE.search(line) is not None
    return len(line) < 60 and _SENT_FROM_END.search(line) is not None


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
    # Many languages have no verb there: a day, a time of day and an address before a colon are enough.
    return (
        text.endswith((":", "："))
        and _WHO.search(text) is not None
        and _CLOCK.search(text) is not None
        and _DAY.search(text) is not None
    )


def is_certain(text: str) -> bool:
    """Whether an introduction bears a time or an address in brackets, as programs write it and people do not."""
    return _IN_BRACKETS.search(text) is not None or (
        _SAYS.search(text) is None
        and (_CLOCK.search(text) is not None or _WHO.search(text) is not None)
        and (_BEGIN.match(text) is not None or _DAY.search(text) is not None)
    )


def begins_intro(text: str) -> bool:
    """Whether an introduction begins with these words: a date, or the word that stands before one."""
    return _BEGIN.match(text) is not None


def is_opening(text: str) -> bool:
    """Whether one line says that somebody wrote, without saying when: enough right above a marked quote."""
    return text.endswith((":", "：")) and len(text) < 300 and _has_verb(text)
