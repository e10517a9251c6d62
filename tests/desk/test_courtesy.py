"""Thanks open nothing again; whoever says more than thanks is heard."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.courtesy import only_thanks

THANKS = [
    "Thanks", "Thank you!", "thank you very much :)", "Many thanks, best regards", "THX", "Cheers!",
    "Great, thank you so much. It works now.", "Thanks, all good.", "Thank you for your quick help!",
    "Perfect, thanks again", "It works, thanks!\n\nBest regards", "Hi team,\n\nthank you! Have a nice day",
    "👍 thanks",
    "Grazie", "Grazie mille!", "Perfetto, grazie.", "Ora funziona tutto, grazie mille", "Ottimo, grazie per il vostro aiuto",
    "Buongiorno,\ntutto risolto, grazie.\nCordiali saluti", "Molte grazie e buona giornata",
    "谢谢", "谢谢！", "非常感谢您的帮助！", "好的，谢谢", "问题已解决，谢谢", "太感谢了", "辛苦了，谢谢你们", "已经可以了，多谢",
]  # fmt: skip
MORE = [
    "", " ", "?", "123",
    "Thanks, but it still does not work", "thanks but no", "Thank you, now the scanner is broken",
    "Thanks for nothing", "No thanks", "Thanks. Not working", "Thanks, it does not work", "thanks, can you reopen",
    "Thanks! One more thing", "Thank you?", "It works now", "ok", "all good", "Thanks, call me at 5",
    "Help! Thanks", "quick help please, thanks", "Support, thanks", "Aiuto, grazie", "帮助，谢谢", "解决，谢谢", "可以，谢谢",
    "Thanks in advance", "thank you, it is not fixed", "thanks 2 people still wait", "great, it is fixed",
    "Grazie, ma non funziona ancora", "grazie ma no", "non va, grazie", "Grazie, adesso la stampante è rotta", "va bene",
    "Grazie, funziona tutto?", "no grazie", "Grazie, e il telefono non va",
    "谢谢，但是还是不行", "谢谢，还没解决", "没有解决，谢谢", "谢谢，问题还在", "不用谢", "谢谢，打印机又坏了", "好的", "谢谢吗？",
    "谢谢，没有好", "谢谢，问题", "可以帮助我的同事吗，谢谢", "没解决谢谢", "谢谢，有问题", "谢谢，没问题了吗",
    "thanks " + "great " * 60,
]  # fmt: skip


@pytest.mark.parametrize("text", THANKS)
def test_who_says_thanks_and_no_more_says_only_thanks(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize("text", MORE)
def test_who_says_more_or_less_than_thanks_is_heard(text: str) -> None:
    assert not only_thanks(text)


@given(st.sampled_from(THANKS), st.text(st.characters(categories=["Ll"]), min_size=1, max_size=12))
def test_one_word_that_is_not_of_courtesy_makes_it_more_than_thanks(thanks: str, word: str) -> None:
    if not only_thanks(f"thanks {word}"):
        assert not only_thanks(f"{thanks} {word}")


@given(st.text(max_size=300))
def test_any_text_is_judged_without_a_fault(text: str) -> None:
    assert only_thanks(text) in {True, False}


@pytest.mark.parametrize(
    "text", ["谢谢" * 100_000, "thanks " * 100_000, "-" * 500_000, "a-" * 99, "谢谢" * 99 + "x"]
)
def test_a_long_text_is_judged_at_once(text: str) -> None:
    started = time.process_time()
    only_thanks(text)
    assert time.process_time() - started < 0.1
