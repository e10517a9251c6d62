"""The names that mail programs of many languages give to the header fields of a mail they copy into a text."""

from __future__ import annotations

from typing import Final

# ruff: noqa: RUF001  # letters of many alphabets are what this file is about

_FROM: Final = (
    "from|von|de|da|van|från|fra|lähettäjä|od|от|от кого|від|від кого|отправитель|gönderen|kimden|feladó|de la|expeditor|expeditorul|από|"
    "expéditeur|mittente|remitente|remetente|afsender|avsender|nadawca|odesílatel|odosielateľ|šalje|pošiljatelj|saatja|nuo|dari|từ|จาก|"
    "מאת|من|发件人|發件人|寄件者|寄件人|差出人|送信者|送信元|보낸사람|발신자|발신인|sender|sent by|posted by"
)
_DATE: Final = (
    "date|sent|sent on|sent at|posted at|gesendet|datum|envoyé|envoyé le|envoyé par|inviato|inviata|data|enviado|enviado el|enviado em|"
    "enviada|enviada em|fecha|verzonden|verzonden op|skickat|skickat den|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|wysłane|odesláno|"
    "odoslané|dátum|elküldve|küldve|küldés ideje|trimis|dată|tarih|gönderildi|gönderilen|gönderme tarihi|отправлено|дата|надіслано|відправлено|"
    "στάλθηκε|ημερομηνία|poslano|poslato|kuupäev|saadetud|išsiųsta|nosūtīts|terkirim|dikirim|tanggal|ngày|đã gửi|วันที่|ส่ง|נשלח|תאריך|تاريخ الإرسال|"
    "التاريخ|发送时间|發送時間|发送日期|寄件日期|傳送日期|日期|时间|時間|日付|日時|送信日時|送信日|送信|보낸날짜|날짜|일시|발신일자|time"
)
_SUBJECT: Final = (
    "subject|betreff|objet|sujet|oggetto|asunto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|tárgy|subiect|subiectul|konu|тема|"
    "тема листа|относно|θέμα|naslov|zadeva|teema|tema|temats|subjek|perihal|chủ đề|เรื่อง|หัวเรื่อง|נושא|الموضوع|主题|主旨|主題|标题|標題|件名|제목"
)
_TO: Final = (
    "to|an|à|pour|para|a|aan|till|til|vastaanottaja|do|komu|pre|címzett|către|destinatar|destinatarul|kime|alıcı|кому|получатель|до|προς|prima|za|"
    "saaja|kellele|kam|kepada|untuk|đến|tới|ถึง|אל|إلى|收件人|收件者|宛先|받는사람|수신자|수신인|adresat|für"
)
_OTHER: Final = (
    "cc|bcc|kopie|kopie (cc)|copie|copie à|copia|copia a|cópia|kopi|kopia|kopio|másolat|másolatot kap|копия|копія|bilgi|dw|kópia|κοιν|抄送|副本|cc抄送|참조|"
    "reply-to|antwort an|répondre à|rispondi a|responder a|antwoord aan|svar til|svara till|vastaus|odpowiedź-do|odpověď na|válaszcím|ответ-кому|"
    "importance|priority|attachments|attachment|anlagen|anhang|wichtigkeit|pièces jointes|pièce jointe|allegati|priorità|datos adjuntos|importancia|"
    "anexos|anexo|prioridade|bijlagen|urgentie|bilagor|vedhæftet|vedhæftede filer|załączniki|ważność|přílohy|вложения|важность|附件|添付ファイル|첨부|"
    "organization|organisation|mailed-by|reply to|list|message-id|newsgroups|where|when|wann|wo|required attendees|optional attendees|resources"
)

FROM, DATE, SUBJECT, TO, OTHER = "from", "date", "subject", "to", "other"


def _table() -> dict[str, str]:
    kinds = ((OTHER, _OTHER), (TO, _TO), (DATE, _DATE), (SUBJECT, _SUBJECT), (FROM, _FROM))
    return {name: kind for kind, names in kinds for name in names.split("|")}


_KINDS: Final = _table()
_LONGEST: Final = 40


def field(line: str) -> tuple[str, str]:
    """What kind of header field a line of text is, and its value; ``("", "")`` when it is none."""
    head = line[: _LONGEST + 8]
    colon = head.find(":")
    wide = head.find("：", 0, colon if colon >= 0 else len(head))
    colon = wide if wide >= 0 else colon
    if colon <= 0:
        return _in_table(line) if head.startswith("|") else _NONE
    name = head[:colon].strip(" \t*_>|\xa0\u3000\u200e\u200f\u202a-\u202e#").casefold()
    kind = _KINDS.get(name) or _KINDS.get("".join(name.split()))
    return (kind, line[colon + 1 :].strip(" \t*_|\xa0\u3000")) if kind else _NONE


def _in_table(line: str) -> tuple[str, str]:
    """Seen in practice: "| From | Eve<eve@example.com> |"."""
    cells = [cell.strip(" *") for cell in line.split("|")]
    kind = _KINDS.get(cells[1].casefold()) if len(cells) > 3 else None
    return (kind, cells[2]) if kind else _NONE


_NONE: Final = ("", "")
