"""What the pages say, in each language. Names in braces are filled in by the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.config import LOCALES

_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    # What stands on every page: English, Chinese, Italian.
    "skip": ("Skip to the content", "跳到正文", "Vai al contenuto"),
    "write-us": ("You can also write to", "您也可以写信给", "Può anche scrivere a"),
    # How a request stands.
    "state-new": (
        "We have your request. Nobody has taken it yet.",
        "我们已收到您的请求，暂时还没有人接手。",
        "Abbiamo ricevuto la sua richiesta. Nessuno l'ha ancora presa in carico.",
    ),
    "state-open": (
        "Your request is being worked on.",
        "您的请求正在处理中。",
        "Stiamo lavorando alla sua richiesta.",
    ),
    "state-waiting": ("Your request is waiting.", "您的请求正在等待中。", "La sua richiesta è in attesa."),
    "state-waiting-requester": (
        "We need something from you: please answer below.",
        "我们需要您的回复，请在下方填写。",
        "Abbiamo bisogno di una sua risposta: la scriva qui sotto.",
    ),
    "state-waiting-supplier": (
        "We are waiting for a supplier.",
        "我们正在等待供应商。",
        "Siamo in attesa di un fornitore.",
    ),
    "state-resolved": (
        "We think that this is solved.",
        "我们认为问题已经解决。",
        "Riteniamo che il problema sia risolto.",
    ),
    "state-closed": ("This request is closed.", "该请求已关闭。", "Questa richiesta è chiusa."),
    "badge-new": ("New", "新建", "Nuova"),
    "badge-open": ("In progress", "处理中", "In lavorazione"),
    "badge-waiting": ("Waiting", "等待中", "In attesa"),
    "badge-resolved": ("Solved", "已解决", "Risolta"),
    "badge-closed": ("Closed", "已关闭", "Chiusa"),
    "owner": ("With", "负责人", "Assegnata a"),
    "nobody": ("nobody yet", "暂无", "ancora nessuno"),
    "promised-answer": ("You hear from us", "我们将回复您", "Avrà nostre notizie"),
    "promised-solution": ("Solution promised", "承诺解决时间", "Soluzione promessa"),
    "promised-late": ("Was promised", "原承诺时间", "Era promessa"),
    "fix-expected": ("Fix expected", "预计修复时间", "Soluzione prevista"),
    "opened": ("Opened", "创建时间", "Aperta"),
    "conversation": ("Conversation", "对话记录", "Conversazione"),
    "nothing-said": ("Nothing has been said yet.", "还没有任何消息。", "Non ci sono ancora messaggi."),
    "older": (
        "Older messages are not shown.",
        "更早的消息未显示。",
        "I messaggi più vecchi non sono mostrati.",
    ),
    "cut": ("The rest is in the mail.", "其余内容见邮件。", "Il resto è nella mail."),
    "you": ("You", "您", "Lei"),
    "somebody": ("Help desk", "服务台", "Assistenza"),
    "follower": ("Somebody who follows", "关注者", "Chi segue la richiesta"),
    "files": ("Files", "附件", "Allegati"),
    "download": ("Download", "下载", "Scarica"),
    # Forms of the status page.
    "add-title": ("Add a message", "补充消息", "Aggiungi un messaggio"),
    "add-label": ("Your message", "您的消息", "Il suo messaggio"),
    "add-button": ("Send the message", "发送消息", "Invia il messaggio"),
    "close-title": ("No longer needed?", "不再需要帮助？", "Non serve più?"),
    "close-text": (
        "If this has been settled, you can close the request yourself.",
        "如果问题已经解决，您可以自己关闭请求。",
        "Se la questione è risolta, può chiudere la richiesta da sé.",
    ),
    "close-button": (
        "Close it: I need nothing more",
        "关闭请求：我不再需要帮助",
        "Chiudi: non mi serve altro",
    ),
    "confirm-title": ("Is it working again?", "现在正常了吗？", "Funziona di nuovo?"),
    "confirm-yes": ("Yes, it works", "是，已经正常", "Sì, funziona"),
    "confirm-no": ("No, not yet", "否，还没有", "No, non ancora"),
    "no-label": ("What is still wrong?", "还有什么问题？", "Che cosa non va ancora?"),
    "reopen-title": ("Not solved after all?", "问题没有解决？", "Non è risolto?"),
    "reopen-text": (
        "You can open the request again until {until}.",
        "您可以在 {until} 之前重新打开请求。",
        "Può riaprire la richiesta fino a {until}.",
    ),
    "reopen-button": ("Open it again", "重新打开", "Riapri la richiesta"),
    "closed-for-good": (
        "To ask again, please write a new mail.",
        "如需再次咨询，请发送新邮件。",
        "Per una nuova domanda scriva una nuova mail.",
    ),
    "optional": ("optional", "可选", "facoltativo"),
    # The survey.
    "rate-title": ("How satisfied are you?", "您对我们的服务满意吗？", "Quanto è soddisfatto del servizio?"),
    "rate-legend": ("Your rating", "您的评分", "La sua valutazione"),
    "rate-1": ("Poor", "不满意", "Scarso"),
    "rate-2": ("Fair", "一般", "Sufficiente"),
    "rate-3": ("Good", "满意", "Buono"),
    "rate-4": ("Great", "很满意", "Ottimo"),
    "rate-5": ("Excellent", "非常满意", "Eccellente"),
    "comment": ("What could we do better?", "我们还能改进什么？", "Che cosa possiamo migliorare?"),
    "rate-button": ("Send my rating", "提交评分", "Invia la valutazione"),
    "rate-again": ("Change my rating", "修改评分", "Modifica la valutazione"),
    "rated": ("You chose {rating}.", "您的评分：{rating}。", "Ha scelto: {rating}."),
    "change-until": (
        "You can change it until {until}.",
        "您可以在 {until} 之前修改。",
        "Può modificarla fino a {until}.",
    ),
    "rate-over": (
        "It can no longer be changed. Thank you for telling us.",
        "现在已不能再修改。感谢您的评价。",
        "Non può più essere modificata. Grazie per averci risposto.",
    ),
    "rate-none": (
        "There is nothing to rate here at the moment.",
        "目前没有需要评价的内容。",
        "Al momento non c'è nulla da valutare.",
    ),
    "choose-rating": ("Please choose one of the five.", "请选择一个评分。", "Scelga una delle cinque voci."),
    # One choice of a mail.
    "answer-confirm-yes": (
        "You say that it works again. The request is then closed.",
        "您确认问题已解决，请求将被关闭。",
        "Ci dice che funziona di nuovo. La richiesta viene chiusa.",
    ),
    "answer-confirm-no": (
        "You say that it does not work yet. The request is then opened again.",
        "您表示问题尚未解决，请求将重新打开。",
        "Ci dice che non funziona ancora. La richiesta viene riaperta.",
    ),
    "answer-reopen": (
        "The request is opened again, and the team is told.",
        "请求将重新打开，并通知团队。",
        "La richiesta viene riaperta e il team viene avvisato.",
    ),
    "answer-add": (
        "Your words are added to the request, and the team is told.",
        "您的内容将添加到请求中，并通知团队。",
        "Le sue parole vengono aggiunte alla richiesta e il team viene avvisato.",
    ),
    "answer-status": (
        "We write to you how your requests stand.",
        "我们将写信告知您各项请求的进展。",
        "Le scriviamo a che punto sono le sue richieste.",
    ),
    "answer-close": (
        "The request is closed. You need nothing more.",
        "请求将被关闭，您不再需要帮助。",
        "La richiesta viene chiusa. Non le serve altro.",
    ),
    "answer-update-still": (
        "The requester is told that you are still working on it.",
        "将告知请求人您仍在处理。",
        "Chi ha chiesto saprà che ci sta ancora lavorando.",
    ),
    "answer-update-supplier": (
        "The request waits for a supplier, and the requester is told.",
        "请求将等待供应商，并告知请求人。",
        "La richiesta resta in attesa di un fornitore e chi ha chiesto lo saprà.",
    ),
    "answer-update-fix": (
        "The requester is told when you expect it to work again.",
        "将告知请求人预计的修复时间。",
        "Chi ha chiesto saprà quando prevede la soluzione.",
    ),
    "answer-update-need": (
        "The requester is asked for what you write here, and the request waits for them.",
        "您填写的内容将发送给请求人，请求将等待其回复。",
        "Chi ha chiesto riceverà ciò che scrive qui, e la richiesta resterà in attesa.",
    ),
    "button-confirm-yes": ("Yes, it works", "是，已经正常", "Sì, funziona"),
    "button-confirm-no": ("No, not yet", "否，还没有", "No, non ancora"),
    "button-reopen": ("Open it again", "重新打开", "Riapri la richiesta"),
    "button-add": ("Send the message", "发送消息", "Invia il messaggio"),
    "button-status": ("Send it to me", "发送给我", "Invia"),
    "button-close": ("Close the request", "关闭请求", "Chiudi la richiesta"),
    "button-update-still": ("Still working on it", "仍在处理", "Ci sto ancora lavorando"),
    "button-update-supplier": ("Waiting for a supplier", "等待供应商", "In attesa di un fornitore"),
    "button-update-fix": ("Tell them the time", "告知时间", "Comunica l'orario"),
    "button-update-need": ("Ask for it", "发送问题", "Invia la domanda"),
    "fix-label": (
        "Fix expected at (time in {zone})",
        "预计修复时间（{zone} 时间）",
        "Soluzione prevista (ora di {zone})",
    ),
    "need-label": ("What do you need from them?", "您需要对方提供什么？", "Che cosa le serve da loro?"),
    "answer-over": (
        "This has been answered already, or the request has gone on since.",
        "该问题已有答复，或请求已有新进展。",
        "È già stata data una risposta, oppure la richiesta è andata avanti.",
    ),
    # After a form.
    "noted-title": ("Noted.", "已记录。", "Ricevuto."),
    "noted-add": (
        "Thank you. Your message has been noted; it appears here in a moment.",
        "谢谢。您的消息已记录，稍后会显示在这里。",
        "Grazie. Il suo messaggio è stato registrato e comparirà qui tra poco.",
    ),
    "noted": (
        "Thank you. Your answer has been noted.",
        "谢谢。您的答复已记录。",
        "Grazie. La sua risposta è stata registrata.",
    ),
    "noted-rate": (
        "Thank you. Your rating has been noted.",
        "谢谢。您的评分已记录。",
        "Grazie. La sua valutazione è stata registrata.",
    ),
    # What was wrong with a form.
    "wrong-title": ("Please check", "请检查", "Da controllare"),
    "wrong-empty": ("Please write something first.", "请先填写内容。", "Scriva prima qualcosa."),
    "wrong-long": (
        "That is too long: at most 20,000 characters.",
        "内容太长：最多 20,000 个字符。",
        "Il testo è troppo lungo: al massimo 20.000 caratteri.",
    ),
    "wrong-time": (
        "Please give a day and a time in the future.",
        "请填写将来的日期和时间。",
        "Indichi un giorno e un'ora nel futuro.",
    ),
    "wrong-over": (
        "That is no longer possible: the request has gone on since.",
        "操作已不可用：请求已有新进展。",
        "Non è più possibile: la richiesta è andata avanti.",
    ),
    # Pages that say no.
    "not-found-title": ("This page is not here", "页面不存在", "Questa pagina non esiste"),
    "not-found": (
        "The link is not complete, or its time is over. The latest mail about your request has a newer one.",
        "链接不完整或已过期。请使用有关您请求的最新邮件中的链接。",
        "Il link non è completo o è scaduto. L'ultima mail sulla sua richiesta ne contiene uno più recente.",
    ),
    "too-many-title": ("Too many tries", "尝试次数过多", "Troppi tentativi"),
    "too-many": ("Please wait a few minutes.", "请稍等几分钟。", "Attenda qualche minuto."),
    "refused-title": ("Not accepted", "未被接受", "Non accettato"),
    "refused": (
        "This was not sent from our own page. Please open the link from the mail again.",
        "该请求不是从我们的页面发出的。请重新打开邮件中的链接。",
        "L'invio non proviene dalla nostra pagina. Apra di nuovo il link contenuto nella mail.",
    ),
    "away-title": ("Not possible just now", "暂时无法使用", "Al momento non è possibile"),
    "away": (
        "Nothing was changed. Please go back and try again in a minute.",
        "没有任何更改。请返回并在一分钟后重试。",
        "Nulla è stato modificato. Torni indietro e riprovi tra un minuto.",
    ),
    "gone-title": ("This file is no longer kept", "该文件已不再保留", "Questo file non è più conservato"),
    "gone": (
        "Files are deleted some time after a request has ended.",
        "请求结束一段时间后，文件会被删除。",
        "I file vengono cancellati qualche tempo dopo la fine della richiesta.",
    ),
}
_PLACE: Final = {"en": 0, "zh": 1, "it": 2}
BY_LOCALE: Final[Mapping[str, Mapping[str, str]]] = {
    locale: {code: words[_PLACE[locale]] for code, words in _WORDS.items()} for locale in LOCALES
}


def preferred(accept_language: str, default: str) -> str:
    """The language of a browser, for who is not known: the first of ours that ``Accept-Language`` names
    (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for item in accept_language[:500].split(",")[:20]:
        tag, _, parameter = item.strip().partition(";")
        name, _, given = parameter.strip().partition("=")
        try:
            weight = float(given) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        language = tag.strip().lower().partition("-")[0]
        if language in BY_LOCALE and 0 < weight <= 1:
            wanted.append((-weight, language))
    return min(wanted, key=lambda one: one[0])[1] if wanted else default
