from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import LOCALES
from bot.desk.language import JUDGED, detect

NOBODY = "default"

ENGLISH = """\
My printer is on fire
The printer on the second floor is not working
I can't log in
Password reset please
I cannot open Outlook since this morning, it keeps asking for a password.
Hi, my laptop doesn't start anymore
VPN is down again
Please reset my account
Dear support team, could you give Mario Rossi access to the folder Contabilità? Thanks
MY SCREEN IS BLACK
Need a new mouse
Where do I find the Wi-Fi password for the meeting room in Via della Moscova?
can you help me with the projector
Teams: no sound
Thank you, it works now!
""".splitlines()

ITALIAN = """\
La stampante non funziona
Buongiorno
Salve, non riesco ad accedere a Outlook da stamattina.
il computer non si accende
Microsoft Office 365 Home and Business non si apre
Password dimenticata, potete resettarla? Grazie
Perché il Wi-Fi è così lento?
HO BISOGNO DI AIUTO
C'è un problema con la VPN
Buongiorno, vorrei richiedere l'installazione di Adobe Acrobat Reader for Windows sul mio portatile.
Il server mail.example.it non risponde
Schermo nero dopo l’aggiornamento
Grazie mille, ora va tutto bene
Non stampa
ciao, teams mi dice "The operation could not be completed" quando apro una riunione
""".splitlines()

CHINESE = """\
打印机坏了
您好，我的 Outlook 无法打开，提示 Microsoft Office cannot verify the license
电脑开不了机
請問如何重設密碼？
Hi，VPN 连不上了
网络很慢
Teams 会议没有声音
SAP GUI for Windows 登录失败
你好
请帮我重置 ERP 系统的密码，谢谢！Best regards, Zhang Wei
优の良品系统打不开
""".splitlines()

NOT_OURS = """\
La impresora no funciona, por favor ayuda
Bonjour, l'imprimante ne marche pas
Mein Drucker funktioniert nicht
A impressora não funciona
プリンターが故障しました
印刷できません。東京支社の田中です。確認をお願いします
프린터가 고장났어요
Принтер не работает
الطابعة لا تعمل
""".splitlines()

SAYS_NOTHING = [
    "",
    " \n\t ",
    "help!!",
    "???",
    "12345",
    "ok",
    "Outlook",
    "HP LaserJet 4",
    "IT",
    "👍🏽",
    "\ud800",
    "\x00",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_recognised(text: str) -> None:
    assert detect(text, LOCALES, NOBODY) == "en"


@pytest.mark.parametrize("text", ITALIAN)
def test_italian_is_recognised(text: str) -> None:
    assert detect(text, LOCALES, NOBODY) == "it"


@pytest.mark.parametrize("text", CHINESE)
def test_chinese_is_recognised(text: str) -> None:
    assert detect(text, LOCALES, NOBODY) == "zh"


@pytest.mark.parametrize("text", NOT_OURS)
def test_other_languages_get_the_default(text: str) -> None:
    assert detect(text, LOCALES, NOBODY) == NOBODY


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_too_little_evidence_gets_the_default(text: str) -> None:
    assert detect(text, LOCALES, NOBODY) == NOBODY


@pytest.mark.parametrize("text", ["打印机坏了", "La stampante non funziona", "My printer is on fire"])
def test_a_language_that_is_not_offered_gets_the_default(text: str) -> None:
    assert detect(text, (), NOBODY) == NOBODY
    assert detect(text, ("fr",), NOBODY) == NOBODY


DISCLAIMER = """
Mario Rossi | Sales Manager | Example S.p.A. | Phone: +39 02 1234567

This message and any attachments are confidential and intended only for the person to whom they are addressed.
If you have received this message in error, please notify the sender and delete it from your system.
"""


def test_a_signature_in_another_language_does_not_count() -> None:
    assert detect("La stampante non funziona.\n\n-- \nBest regards\n" + DISCLAIMER, LOCALES, NOBODY) == "it"
    assert detect("My printer is on fire.\n\n张伟\n信息技术部\n上海市浦东新区", LOCALES, NOBODY) == "en"
    assert (
        detect("打印机坏了\r\n-- \r\nThe best regards\r\nfrom our office in the city", LOCALES, NOBODY)
        == "zh"
    )
    assert detect("打印机坏了\n\nSent from my iPhone", LOCALES, NOBODY) == "zh"
    assert detect("Buongiorno\n\nSent from my iPhone", LOCALES, NOBODY) == "it"
    assert detect("The VPN is down.\n\nInviato da Outlook per Android", LOCALES, NOBODY) == "en"


def test_a_long_disclaimer_without_a_mark_does_not_outvote_the_first_sentences() -> None:
    assert detect("Buongiorno, la stampante non funziona.\n" + DISCLAIMER, LOCALES, NOBODY) == "it"
    assert detect("您好，打印机坏了，请帮忙。\n" + DISCLAIMER, LOCALES, NOBODY) == "zh"


def test_error_texts_in_quotation_marks_say_nothing() -> None:
    for left, right in ('""', "“”", "«»"):
        text = f"Compare {left}The file could not be opened{right} e poi {left}Please try again{right}, non so perché"
        assert detect(text, LOCALES, NOBODY) == "it"


def test_addresses_links_and_paths_say_nothing() -> None:
    text = r"https://www.example.com/the/file/is/not/working help@the.is.it C:\the\is\are\not_the.doc"
    assert detect(text, LOCALES, NOBODY) == NOBODY


def test_blank_space_before_the_text_is_passed_over() -> None:
    assert detect("\n" * 3000 + "打印机坏了", LOCALES, NOBODY) == "zh"


def test_only_the_beginning_is_judged() -> None:
    assert detect("." * JUDGED + "The printer is not working", LOCALES, NOBODY) == NOBODY


words = st.sampled_from([*ENGLISH, *ITALIAN, *CHINESE, *NOT_OURS, *SAYS_NOTHING, "-- ", "\n", "@", "'"])


@given(
    st.text() | st.lists(words | st.text(max_size=5)).map(" ".join),
    st.lists(st.sampled_from(LOCALES)),
    st.sampled_from(LOCALES),
)
def test_the_answer_is_always_an_offered_language_or_the_default(
    text: str, offered: list[str], default: str
) -> None:
    assert detect(text, offered, default) in {*offered, default}


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=20) | words.filter(bool))
def test_a_megabyte_is_judged_in_a_few_milliseconds(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    assert best_of_three(text) < 0.005


@pytest.mark.parametrize(
    "piece",
    ["a", " ", "-", "_", ".", "a.", "\n", "-- x\n", "e\u0300", "の", "è", "\u0300", "A'", '"', "“", "«a"],
)
def test_hostile_repetition_is_judged_in_a_few_milliseconds(piece: str) -> None:
    assert best_of_three(piece * (1_000_000 // len(piece))) < 0.005


def best_of_three(text: str) -> float:
    """Seconds of this process, so that a busy machine does not count."""
    times = []
    for _ in range(3):
        start = time.process_time()
        detect(text, LOCALES, "en")
        times.append(time.process_time() - start)
    return min(times)
