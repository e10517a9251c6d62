"""What forms of Slack ask, in each language. A title has at most 24 characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "submit": "Send", "cancel": "Cancel", "choose": "What is to be done with *{reference}*?",
        "title-new": "New request", "title-comment": "Your comment", "title-wait": "Wait", "title-add": "Add",
        "title-update": "Tell the requester",
        "ask-reply": "Your answer to the requester", "ask-add": "What would you like to add?",
        "ask-note": "Note, for agents only", "ask-escalate": "Why is it escalated?",
        "ask-comment": "What was good, or what should we do better?", "ask-priority": "Priority",
        "ask-wait": "For whom do you wait? The clock stands still meanwhile.",
        "for-requester": "The requester", "for-supplier": "A supplier",
        "ask-category": "What is it about?", "ask-urgency": "How urgent is it?",
        "urgency-high": "I cannot work", "urgency-medium": "It gets in my way", "urgency-low": "It can wait",
        "ask-subject": "In a few words", "ask-text": "What happens?",
        "ask-files": "Pictures or files", "ask-solution": "What was done? The requester reads this.",
        "ask-cause": "What was the cause?", "ask-steps": "Steps, one a line",
        "ask-lasting": "Is it a lasting solution?", "ask-workaround": "No, it is a way around for the time being",
        "ask-fix": "When will it work again?", "ask-need": "What do you need from the requester?",
    },
    "it": {
        "submit": "Invia", "cancel": "Annulla", "choose": "Che cosa fare con *{reference}*?",
        "title-new": "Nuova richiesta", "title-comment": "Il suo commento", "title-wait": "In attesa",
        "title-add": "Aggiungere", "title-update": "Avvisa il richiedente",
        "ask-reply": "La risposta al richiedente", "ask-add": "Che cosa desidera aggiungere?",
        "ask-note": "Nota, solo per gli operatori", "ask-escalate": "Perché l’escalation?",
        "ask-comment": "Che cosa è andato bene, o che cosa dovremmo migliorare?", "ask-priority": "Priorità",
        "ask-wait": "Chi si aspetta? Intanto il tempo non corre.",
        "for-requester": "Il richiedente", "for-supplier": "Un fornitore",
        "ask-category": "Di che cosa si tratta?", "ask-urgency": "Quanto è urgente?",
        "urgency-high": "Non posso lavorare", "urgency-medium": "Mi rallenta", "urgency-low": "Può aspettare",
        "ask-subject": "In poche parole", "ask-text": "Che cosa succede?",
        "ask-files": "Immagini o file", "ask-solution": "Che cosa è stato fatto? Il richiedente lo legge.",
        "ask-cause": "Qual era la causa?", "ask-steps": "Passaggi, uno per riga",
        "ask-lasting": "La soluzione è definitiva?", "ask-workaround": "No, è una soluzione temporanea",
        "ask-fix": "Quando tornerà a funzionare?", "ask-need": "Che cosa serve dal richiedente?",
    },
    "zh": {
        "submit": "发送", "cancel": "取消", "choose": "要对 *{reference}* 做什么？",
        "title-new": "新请求", "title-comment": "您的评价", "title-wait": "等待", "title-add": "补充信息",
        "title-update": "告知请求人",
        "ask-reply": "给请求人的答复", "ask-add": "您想补充什么？", "ask-note": "备注（仅客服可见）",
        "ask-escalate": "为什么升级？", "ask-comment": "哪里做得好，哪里需要改进？", "ask-priority": "优先级",
        "ask-wait": "在等谁？等待期间计时暂停。", "for-requester": "请求人", "for-supplier": "供应商",
        "ask-category": "关于什么？", "ask-urgency": "有多紧急？",
        "urgency-high": "无法工作", "urgency-medium": "影响工作", "urgency-low": "可以等待",
        "ask-subject": "简要说明", "ask-text": "发生了什么？", "ask-files": "图片或文件",
        "ask-solution": "做了什么？请求人会看到。", "ask-cause": "原因是什么？", "ask-steps": "步骤，每行一个",
        "ask-lasting": "是否彻底解决？", "ask-workaround": "否，这是临时办法",
        "ask-fix": "预计何时恢复？", "ask-need": "需要请求人提供什么？",
    },
}  # fmt: skip
