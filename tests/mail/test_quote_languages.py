# the words of many alphabets are what is tested
"""How mail programs introduce a quote, in the languages that they speak."""

from __future__ import annotations

import pytest

from bot.mail.quotes import reply_text

WORDS = "It still burns.\n\nThanks\nBob"

INTRODUCTIONS = [
    "Op Ma. 2 Nov. 2026 om 09:15 het Help Desk <help@desk.example> geskryf:",
    "На пн, 2.11.2026 г. в 9:15 Help Desk <help@desk.example> написа:",
    "pon, 2. stu 2026. u 09:15 Help Desk <help@desk.example> napisao je:",
    "pon, 2. stu 2026. u 09:15 Help Desk <help@desk.example> je napisao/la:",
    "Missatge de Help Desk <help@desk.example> del dia dl., 2 de nov. 2026 a les 9:15:",
    "Στις Δευ 2 Νοε 2026 στις 9:15 π.μ., ο χρήστης Help Desk <help@desk.example> έγραψε:",
    "Kuupäev E, 2. november 2026 kell 09:15 kirjutas kasutaja Help Desk <help@desk.example>:",
    "Help Desk (<help@desk.example>) igorleak hau idatzi du (2026 aza. 2, al. (09:15)):",
    "O luns, 2 nov 2026 ás 9:15, Help Desk (<help@desk.example>) escribiu:",
    "सोम, 2 नव॰ 2026 को 9:15 पर को Help Desk <help@desk.example> ने लिखा:",
    "Help Desk <help@desk.example> ezt írta (időpont: 2026. nov. 2., H, 9:15):",
    "Pada tanggal Sen, 2 Nov 2026 pukul 09.15 Help Desk <help@desk.example> menulis:",
    "Þann mán., 2. nóv. 2026 kl. 09:15 skrifaði Help Desk <help@desk.example>:",
    "\u202bבתאריך יום ב׳, 2 בנוב׳ 2026 ב-9:15 מאת \u202aHelp Desk\u202c\u200f <\u202ahelp@desk.example\u202c\u200f>:\u202c",
    "في الاثنين، 2 نوفمبر 2026 في 9:15 ص تمت كتابة ما يلي بواسطة Help Desk <help@desk.example>:",
    "2026-11-02, pr, 09:15 Help Desk <help@desk.example> rašė:",
    "pirmd., 2026. g. 2. nov., plkst. 09:15 — lietotājs Help Desk (<help@desk.example>) rakstīja:",
    "man. 2. nov. 2026 kl. 09:15 skrev Help Desk <help@desk.example>:",
    "Help Desk <help@desk.example> escreveu (segunda, 2/11/2026 à(s) 09:15):",
    "În lun., 2 nov. 2026 la 09:15, Help Desk <help@desk.example> a scris:",
    "po 2. 11. 2026 o 9:15 Help Desk <help@desk.example> napísal(a):",
    "V V pon., 2. nov. 2026 ob 09:15 je oseba Help Desk <help@desk.example> napisala:",
    "пон, 2. нов 2026. у 09:15 Help Desk <help@desk.example> је написао/ла:",
    "ในวันที่ จ. 2 พ.ย. 2026 เวลา 09:15 Help Desk <help@desk.example> เขียนว่า:",
    "пн, 2 лист. 2026 р. о 09:15 Help Desk <help@desk.example> пише:",
    "Help Desk <help@desk.example> 於 2026年11月2日 週一 上午9:15寫道：",
    "Op 2 nov. 2026, om 09:15 heeft Help Desk <help@desk.example> het volgende geschreven:",
    "Den 2. nov. 2026 kl. 09.15 skrev Help Desk <help@desk.example>:",
    "Help Desk <help@desk.example> kirjoitti 2.11.2026 kello 9.15:",
    "No dia 02/11/2026, às 09:15, Help Desk <help@desk.example> escreveu:",
    "2 нояб. 2026 г., в 9:15, Help Desk <help@desk.example> написал(а):",
    "Wiadomość napisana przez Help Desk <help@desk.example> w dniu 2 lis 2026, o godz. 09:15:",
    "2. 11. 2026 v 9:15, Help Desk <help@desk.example>:",
    "Help Desk <help@desk.example> írta (2026. nov. 2.  9:15):",
    "Help Desk <help@desk.example> şunları yazdı (2 Kas 2026 09:15):",
    "Dana 2. 11. 2026., u 09:15, Help Desk <help@desk.example> je napisao:",
    "2 лист. 2026 р. о 09:15 Help Desk <help@desk.example> написав(ла):",
    "2026/11/02 9:15、Help Desk <help@desk.example>のメール:",
    "2026. 11. 2. 오전 9:15, Help Desk <help@desk.example> 작성:",
    "2026년 11월 2일 (월) 오전 9:15, Help Desk <help@desk.example>님이 작성하였습니다:",
    "在 2026年11月2日，09:15，Help Desk <help@desk.example> 写道：",
    "ב-2 בנוב׳ 2026, בשעה 9:15, \u200fHelp Desk <help@desk.example> כתב/ה:",
    "في 2 نوفمبر 2026، الساعة 9:15 ص، كتب Help Desk <help@desk.example>:",
    "El dia 2 nov 2026, a les 9:15, Help Desk <help@desk.example> va escriure:",
    "On 11/2/26 09:15, Help Desk wrote:",
    "Il 02/11/26 09:15, Help Desk ha scritto:",
    "W dniu 2.11.2026 o 09:15, Help Desk pisze:",
    "Dne 02. 11. 26 v 9:15 Help Desk napsal(a):",
    "02.11.2026 09:15, Help Desk пишет:",
    "Help Desk kirjoitti 2.11.2026 klo 9.15:",
    "Den 2026-11-02 kl. 09:15, skrev Help Desk:",
    "2026. 11. 02. 9:15 keltezéssel, Help Desk írta:",
    "02.11.2026 09:15 tarihinde Help Desk yazdı:",
    "Help Desk wrote on 02/11/2026 09:15:",
    "Help Desk hat am 02.11.2026 09:15 geschrieben:",
    "Am 2026-11-02 09:15, schrieb Help Desk:",
    "Понедельник, 2 ноября 2026, 9:15 +03:00 от Help Desk <help@desk.example>:",
    "On Monday, November 2, 2026, 09:15:12 AM GMT+1, Help Desk <help@desk.example> wrote:",
    "--- On Mon, 11/2/26, Help Desk <help@desk.example> wrote:",
    "El lunes 2 de noviembre de 2026, 9:15:12 CET, Help Desk <help@desk.example> escribió:",
    "At 2026-11-02 09:15:00, \"Help Desk\" <help@desk.example> wrote:",
    "Quoting Help Desk <help@desk.example>:",
    "Zitat von Help Desk <help@desk.example>:",
    "Help Desk <help@desk.example> schrieb am Mo., 2. Nov. 2026 um 09:15 Uhr:",
    "Help Desk via Desk Meta <help@desk.example> schrieb:",
    "On Wed, 2026-11-02 at 13:58 +0000, Help Desk wrote:",
    "2026/11/2 Help Desk <help@desk.example>",
    "Help Desk님이 2026. 11. 2. 09:15에 쓴 글:",
    "On Nov 2, 2026, at 9:15 AM, Help Desk\n<help@desk.example> wrote:",
    "2026年11月2日(月) 9:15 Help Desk\n<help@desk.example>:",
]  # fmt: skip


@pytest.mark.parametrize("intro", INTRODUCTIONS)
def test_a_quote_below_its_introduction_is_taken_off(intro: str) -> None:
    assert reply_text(f"{WORDS}\n\n{intro}\n\n> Have you tried?\n> Ann\n") == WORDS


@pytest.mark.parametrize("intro", INTRODUCTIONS)
def test_words_below_an_introduction_of_a_program_are_a_quote_even_unmarked(intro: str) -> None:
    assert reply_text(f"{WORDS}\n\n{intro}\n\nHave you tried?\n\nAnn\n") == WORDS


@pytest.mark.parametrize("intro", INTRODUCTIONS)
def test_unmarked_words_below_an_introduction_on_top_never_begin_the_reply(intro: str) -> None:
    reply = reply_text(f"{intro}\n\n#resolve\nHave you tried?\n")
    assert not reply.startswith(("#", "Have"))


HEADS = [
    "From: Help Desk <h@x.example>\nSent: Monday\nTo: Bob\nSubject: Re: fire",
    "Gesendet: Montag, 02. November 2026 um 09:15 Uhr\nVon: \"Help Desk\" <h@x.example>\nAn: Bob\nBetreff: Feuer",
    "De : Help Desk <h@x.example>\nEnvoyé : lundi 2 novembre 2026\nÀ : Bob\nObjet : feu",
    "De: Help Desk\nEnviado el: lunes\nPara: Bob\nAsunto: fuego",
    "De: Help Desk\nEnviada em: segunda-feira\nPara: Bob\nAssunto: fogo",
    "Da: Help Desk\nInviato: lunedì\nA: Bob\nOggetto: fuoco",
    "Van: Help Desk\nVerzonden: maandag\nAan: Bob\nOnderwerp: vuur",
    "Fra: Help Desk\nSendt: mandag\nTil: Bob\nEmne: ild",
    "Från: Help Desk\nSkickat: den 2 november\nTill: Bob\nÄmne: eld",
    "Lähettäjä: Help Desk\nLähetetty: maanantai\nVastaanottaja: Bob\nAihe: tuli",
    "Od: Help Desk\nWysłano: poniedziałek\nDo: Bob\nTemat: ogień",
    "Od: Help Desk\nOdesláno: pondělí\nKomu: Bob\nPředmět: oheň",
    "Od: Help Desk\nOdoslané: pondelok\nKomu: Bob\nPredmet: oheň",
    "Feladó: Help Desk\nElküldve: hétfő\nCímzett: Bob\nTárgy: tűz",
    "De la: Help Desk\nTrimis: luni\nCătre: Bob\nSubiect: foc",
    "От: Help Desk\nОтправлено: 2 ноября\nКому: Bob\nТема: огонь",
    "Від: Help Desk\nНадіслано: 2 листопада\nКому: Bob\nТема: вогонь",
    "Kimden: Help Desk\nGönderildi: Pazartesi\nKime: Bob\nKonu: yangın",
    "Από: Help Desk\nΣτάλθηκε: Δευτέρα\nΠρος: Bob\nΘέμα: φωτιά",
    "Dari: Help Desk\nTerkirim: Senin\nKepada: Bob\nSubjek: api",
    "Từ: Help Desk\nĐã gửi: Thứ Hai\nĐến: Bob\nChủ đề: lửa",
    "发件人： Help Desk\n发送时间： 2026-11-02 09:15\n收件人： Bob\n主题： 火",
    "发件人：Help Desk <h@x.example>\n发送时间：2026年11月2日\n收件人：Bob\n主　题：火",
    "寄件者: Help Desk\n傳送日期: 2026年11月2日\n收件者: Bob\n主旨: 火",
    "差出人: Help Desk\n送信日時: 2026年11月2日\n宛先: Bob\n件名: 火",
    "보낸 사람: Help Desk\n보낸 날짜: 2026년 11월 2일\n받는 사람: Bob\n제목: 불",
    "| From | Help Desk<h@x.example> |\n| Date | 11/02/2026 09:15 |\n| To | Bob |\n| Subject | fire |",
    "*Von:* Help Desk\n*Gesendet:* Montag\n*An:* Bob\n*Betreff:* Feuer",
]  # fmt: skip


@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----Original Message-----\n"])
@pytest.mark.parametrize("head", HEADS)
def test_what_stands_below_a_copied_header_is_a_quote(head: str, rule: str) -> None:
    assert reply_text(f"{WORDS}\n\n{rule}{head}\n\nHave you tried?\n") == WORDS


@pytest.mark.parametrize(
    "mark",
    ["-------- Original Message --------", "-----Ursprüngliche Nachricht-----", "-------- Message d’origine --------", "----- Mail original -----",
     "----- Messaggio originale -----", "-------- Mensaje original --------", "-------- Mensagem original --------",
     "-------- Oorspronkelijk bericht --------", "-------- Oprindelig besked --------", "-------- Opprinnelig melding --------",
     "-------- Originalmeddelande --------", "-------- Alkuperäinen viesti --------", "-------- Oryginalna wiadomość --------",
     "-------- Původní zpráva --------", "-------- Pôvodná správa --------", "-------- Eredeti üzenet --------", "-------- Mesaj original --------",
     "-------- Исходное сообщение --------", "-------- Orijinal mesaj --------", "-------- Αρχικό μήνυμα --------", "-----元のメッセージ-----",
     "--------- 원본 메일 ---------", "------------------ 原始邮件 ------------------", "------------------&nbsp;原始邮件&nbsp;------------------",
     "---- 回复的原邮件 ----", "------------------ Original ------------------", "---- Replied Message ----", "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
     "## Please reply above this line ##", "##- Please type your reply above this line -##"],
)  # fmt: skip
def test_what_stands_below_the_mark_of_an_original_is_a_quote(mark: str) -> None:
    assert reply_text(f"{WORDS}\n\n{mark}\nHelp Desk: have you tried?\n") == WORDS


@pytest.mark.parametrize(
    "line",
    ["Sent from my Galaxy", "Get Outlook for Android", "Von meinem Samsung Galaxy Smartphone gesendet.", "Télécharger Outlook pour iOS",
     "Inviato da Outlook per Android", "Enviado desde mi iPhone", "Enviado do meu iPhone", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone",
     "Sendt fra min iPhone", "Lähetetty iPhonesta", "Wysłane z iPhone'a", "Odesláno z iPhonu", "Az iPhone-omról küldve", "Trimis de pe iPhone-ul meu",
     "Отправлено с iPhone", "Надіслано з iPhone", "iPhone'umdan gönderildi", "Στάλθηκε από το iPhone μου", "Đã gửi từ iPhone của tôi",
     "Dikirim dari iPhone saya", "ส่งจาก iPhone ของฉัน", "נשלח מה-iPhone שלי", "发自我的iPhone", "從我的 iPhone 傳送", "iPhoneから送信",
     "나의 iPhone에서 보냄", "Sent with Proton Mail secure email.", "Sent from Yahoo Mail on Android", "Sent from [Proton Mail](https://proton.me) for iOS"],
)  # fmt: skip
def test_what_a_phone_adds_is_taken_off(line: str) -> None:
    assert reply_text(f"{WORDS}\n\n{line}\n") == WORDS


@pytest.mark.parametrize(
    "text",
    ["My colleague bob@x.example wrote:\nthe printer burns.", "Ann said:\nit burns.", "Original message\nis what I miss.",
     "I have two questions for bob@x.example:\nWhy? When?", "Meeting 2026-11-02 at 9:15:\nbring water", "Sent by mistake, sorry: ignore it.\nThanks",
     "Subject: to approval\nwe begin.", "Hola\n\nEnviado con retraso por correo",
     "I need\n\nDate: 3 Nov\nTime: 9:00\nWhere: room 3\n\nThanks", "See\n\nOn 2 Nov 2026 at 9:15 the printer said:\nERROR 5\nand stopped",
     "wait\n________________________________________\nimportant: read this\nhttp://x.example",
     "Two came:\nFrom: a@x.example\nSubject: one\nand\nFrom: b@x.example\nSubject: two\nboth spam",
     "Hello\n\nSent by courier yesterday, please confirm.", "From: noon\nto: dusk", "Dear desk,\nthis came today: 12:30\nwhat now?"],
)  # fmt: skip
def test_words_of_a_person_that_look_alike_stay(text: str) -> None:
    assert reply_text(text) == text
