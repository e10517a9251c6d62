"""What one acknowledgement costs in a child: ``make bench``."""

from __future__ import annotations

import time

import msgspec
import pytest

from bot.message import Party, ThreadRef
from bot.render.mail import MailJob, compose_mail
from tests.render.jobs import job, message, notice

ROUNDS = 2000


@pytest.mark.bench
@pytest.mark.parametrize("locale", ["en", "it", "zh"])
def test_words_and_octets_of_one_acknowledgement_take_well_under_a_millisecond(locale: str) -> None:
    encoder, decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(MailJob)
    jobs = [
        encoder.encode(
            job(
                message(
                    locale,
                    to=Party("email", f"anna{number}@example.com", "Anna Rossi"),
                    notice=notice(locale, reference=f"HD-{number}", subject=f"Printer {number}"),
                    thread=ThreadRef(f"Printer {number}", f"{number}@example.com"),
                )
            )
        )
        for number in range(ROUNDS)
    ]
    compose_mail(decoder.decode(jobs[0]))
    start = time.process_time()
    for packed in jobs:
        encoder.encode(compose_mail(decoder.decode(packed)))
    each = (time.process_time() - start) / ROUNDS
    print(f"{locale}: {each * 1e6:.0f} µs")
    assert each < 0.0005
