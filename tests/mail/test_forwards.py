# the words of many alphabets are what is tested
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message import EMAIL, Forwarded, Party
from tests.mail.letters import letter, multipart, read

EVE = Party(EMAIL, "eve@x.example", "Eve Adams")


def _passed_on(body: str, subject: str = "Fwd: fire") -> Forwarded | None:
    return read(letter(f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", body=body)).forwarded


HEADS = {
    "gmail": "---------- Forwarded message ---------\nFrom: Eve Adams <eve@x.example>\nDate: Mon, 2 Nov 2026 at 09:15\nSubject: fire\nTo: Bob <bob@x.example>\n",
    "gmail, german": "---------- Forwarded message ---------\nVon: Eve Adams <eve@x.example>\nDate: Mo., 2. Nov. 2026 um 09:15 Uhr\nSubject: fire\nTo: Bob <bob@x.example>\n",
    "gmail, wrapped": "---------- Forwarded message ---------\nFrom: Eve Adams\n<eve@x.example>\nDate: Mon, 2 Nov 2026\nSubject: fire\nTo: Bob\n",
    "apple": "Begin forwarded message:\n\nFrom: Eve Adams <eve@x.example>\nSubject: fire\nDate: 2 November 2026 at 09:15:00 CET\nTo: Bob <bob@x.example>\n",
    "apple, bold": "Begin forwarded message:\n\n*From: *Eve Adams <eve@x.example>\n*Subject: **fire*\n*Date: *2 November 2026\n*To: *bob@x.example\n",
    "apple, french": "Début du message réexpédié :\n\nDe: Eve Adams <eve@x.example>\nObjet: fire\nDate: 2 novembre 2026\nÀ: bob@x.example\n",
    "apple, italian": "Inizio messaggio inoltrato:\n\nDa: Eve Adams <eve@x.example>\nOggetto: fire\nData: 2 novembre 2026\nA: bob@x.example\n",
    "thunderbird": "-------- Forwarded Message --------\nSubject: \tfire\nDate: \tMon, 2 Nov 2026 09:15:00 +0100\nFrom: \tEve Adams <eve@x.example>\nTo: \tbob@x.example\n",
    "thunderbird, german": "-------- Weitergeleitete Nachricht --------\nBetreff: \tfire\nDatum: \tMon, 2 Nov 2026\nVon: \tEve Adams <eve@x.example>\nAn: \tbob@x.example\n",
    "thunderbird, polish": "--- Treść przekazanej wiadomości ---\nTemat: \tfire\nData: \tMon, 2 Nov 2026\nNadawca: \tEve Adams <eve@x.example>\nAdresat: \tbob@x.example\n",
    "yahoo": "----- Forwarded Message -----\nFrom: Eve Adams <eve@x.example>\nTo: Bob <bob@x.example>\nSent: Monday, November 2, 2026\nSubject: fire\n",
    "outlook": "From: Eve Adams <eve@x.example>\nSent: Monday, 2 November 2026 09:15\nTo: Bob <bob@x.example>\nSubject: fire\n",
    "outlook, old": "-----Original Message-----\nFrom: Eve Adams [mailto:eve@x.example]\nSent: Monday, 2 November 2026 09:15\nTo: Bob\nSubject: fire\n",
    "outlook on the web": f"{'_' * 32}\nFrom: Eve Adams <eve@x.example>\nSent: Monday, November 2, 2026 9:15 AM\nTo: Bob <bob@x.example>\nSubject: fire\n",
    "outlook, german": "Von: Eve Adams <eve@x.example>\nGesendet: Montag, 2. November 2026 09:15\nAn: Bob <bob@x.example>\nBetreff: fire\n",
    "outlook, spanish": "De: Eve Adams <eve@x.example>\nEnviado el: lunes, 2 de noviembre de 2026\nPara: Bob\nAsunto: fire\n",
    "outlook, portuguese": "De: Eve Adams <eve@x.example>\nEnviada em: segunda-feira, 2 de novembro de 2026\nPara: Bob\nAssunto: fire\n",
    "outlook, french": "De : Eve Adams <eve@x.example>\nEnvoyé : lundi 2 novembre 2026\nÀ : Bob\nObjet : fire\n",
    "outlook, dutch": "Van: Eve Adams <eve@x.example>\nVerzonden: maandag 2 november 2026\nAan: Bob\nOnderwerp: fire\n",
    "outlook, chinese": "发件人: Eve Adams <eve@x.example>\n发送时间: 2026年11月2日\n收件人: Bob\n主题: fire\n",
    "outlook, russian": "От: Eve Adams <eve@x.example>\nОтправлено: 2 ноября 2026 г.\nКому: Bob\nТема: fire\n",
    "netease": "---- 转发的邮件 ----\n| 发件人 | Eve Adams<eve@x.example> |\n| 发送日期 | 2026年11月02日 09:15 |\n| 收件人 | bob@x.example |\n| 主题 | fire |\n",
    "paragraphs": "-------- Forwarded Message --------\n\nFrom: Eve Adams <eve@x.example>\n\nSubject: fire\n",
}  # fmt: skip


@pytest.mark.parametrize("client", HEADS)
@pytest.mark.parametrize("mark", ["", "> "])
def test_d20_a_forward_says_whose_mail_it_was(client: str, mark: str) -> None:
    marked = "\n".join(f"{mark}{line}" for line in f"{HEADS[client]}\nIt burns.\nHelp!".split("\n"))
    found = _passed_on(f"#for eve@x.example\nPlease look.\n\n{marked}\n")
    assert found == Forwarded(EVE, "fire", "It burns.\nHelp!")


@pytest.mark.parametrize("client", HEADS)
def test_what_stands_above_a_forward_is_the_reply_and_the_text_keeps_all(client: str) -> None:
    message = read(
        letter(
            "Subject: WG: fire",
            "Content-Type: text/plain; charset=utf-8",
            body=f"#for eve@x.example\nPlease look.\n\n{HEADS[client]}\nIt burns.",
        )
    )
    assert message.reply_text == "#for eve@x.example\nPlease look."
    assert "It burns." in message.text
    assert message.sender.address == "ann@example.com"


@pytest.mark.parametrize(
    "intro",
    ['On 11/2/26, 9:15 AM, "Eve Adams" <eve@x.example> wrote:', "Am 02.11.26, 09:15 schrieb \"Eve Adams\" <eve@x.example>:",
     "Il giorno 02/11/26, 09:15 \"Eve Adams\" <eve@x.example> ha scritto:", "Le 02/11/2026 09:15, « Eve Adams » <eve@x.example> a écrit :"],
)  # fmt: skip
def test_d20_outlook_for_the_mac_forwards_below_a_sentence(intro: str) -> None:
    assert _passed_on(f"Look.\n\n{intro}\n\n    It burns.\n", "FW: fire") == Forwarded(
        EVE, "fire", "It burns."
    )


def test_d20_an_attached_mail_is_passed_on() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nFrom: Eve Adams <eve@x.example>\r\nSubject: fire\r\n\r\nIt burns."
    message = read(multipart("mixed", "\r\nPlease look.", inner))
    assert message.forwarded == Forwarded(EVE, "fire", "It burns.")
    assert message.reply_text == "Please look."


def test_d20_a_name_without_an_address_is_a_claim_without_an_address() -> None:
    found = _passed_on("From: Adams, Eve\nSent: Monday\nTo: Bob\nSubject: fire\n\nIt burns.", "FW: fire")
    assert found is not None
    assert found.sender == Party(EMAIL, "", "Adams, Eve")


def test_fields_that_run_together_name_the_first_address() -> None:
    found = _passed_on(
        "----- Forwarded Message -----\nFrom: Eve Adams <eve@x.example>To: Bob <bob@x.example>Sent: Monday\nSubject: fire\n\nx"
    )
    assert found is not None
    assert found.sender == EVE


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: fire", "It burns.\n\nFrom: Eve <eve@x.example>\nSent: Monday\nTo: Bob\nSubject: fire\n\nOh."),
        ("Re: Fwd: fire", "It burns.\n\nOn 2 Nov 2026 at 9:15, Eve <eve@x.example> wrote:\n> Oh."),
        ("Fwd: fire", "I have no text to show."),
        ("Forwarded message", "Where is my forwarded message?\nFrom: yesterday."),
        ("Fwd: fire", "---------- Forwarded message ---------\nIt burns."),
    ],
)
def test_a_reply_passes_nothing_on(subject: str, body: str) -> None:
    assert _passed_on(body, subject) is None


LINES = st.lists(
    st.sampled_from(["From: Eve <eve@x.example>", "Subject: fire", "To: ", "", "> x", "---- Forwarded message ----", "Begin forwarded message:",
                     "From: @", "From: <", "| From | x |", "words", "> From: a", "On 2 Nov 2026 at 9:15, Eve <eve@x.example> wrote:", "Von: \u200b"]),
    max_size=12,
)  # fmt: skip


@given(LINES, st.sampled_from(["Fwd: x", "Re: x", ""]))
def test_reading_forwards_never_raises_and_invents_no_address(lines: list[str], subject: str) -> None:
    found = _passed_on("\n".join(lines), subject)
    assert found is None or found.sender.address in {"", "eve@x.example"}
