"""Figures: what is counted, and that nobody can make them grow or speak."""

from __future__ import annotations

from bot.metrics import MOST_VALUES, Metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"deskbot_{name}", labels)


def test_what_comes_in_and_goes_out_is_counted() -> None:
    metrics = Metrics()
    metrics.accepted("mail", new=True)
    metrics.accepted("mail", new=False)
    metrics.received("opened", "new")
    metrics.held("too-slow")
    metrics.delivered("mail", "put-off")
    assert value(metrics, "last_success_timestamp_seconds", channel="mail", direction="out") is None
    metrics.delivered("mail", "sent")
    metrics.worker_failed("died")
    metrics.template_broken()
    assert value(metrics, "accepted_total", channel="mail") == 1
    assert value(metrics, "duplicates_total", channel="mail") == 1
    assert value(metrics, "messages_total", result="opened", reason="new") == 1
    assert value(metrics, "held_total", reason="too-slow") == 1
    assert value(metrics, "deliveries_total", channel="mail", result="sent") == 1
    assert value(metrics, "worker_failures_total", reason="died") == 1
    assert value(metrics, "templates_broken_total") == 1
    assert (value(metrics, "last_success_timestamp_seconds", channel="mail", direction="out") or 0) > 1.7e9


def test_seconds_until_the_acknowledgement_fall_into_buckets_and_are_never_negative() -> None:
    metrics = Metrics()
    metrics.acknowledged(0.04)
    metrics.acknowledged(-3)
    assert value(metrics, "acknowledged_seconds_bucket", le="0.05") == 2
    assert value(metrics, "acknowledged_seconds_sum") == 0.04


def test_a_queue_has_a_depth_an_age_and_what_is_stuck() -> None:
    metrics = Metrics()
    metrics.queue("outbox", 3, 12.5, failed=2, unknown=1)
    metrics.queue("outbox", 0, 0, failed=2, unknown=0)
    assert value(metrics, "queue_waiting", queue="outbox") == 0
    assert value(metrics, "queue_oldest_seconds", queue="outbox") == 0
    assert value(metrics, "queue_stuck", queue="outbox", state="failed") == 2
    assert value(metrics, "queue_stuck", queue="outbox", state="unknown") == 0


def test_two_sets_of_metrics_do_not_share_figures() -> None:
    one, two = Metrics(), Metrics()
    one.held("died")
    assert value(two, "held_total", reason="died") is None


def test_k9_labels_stay_few_and_hold_no_words_of_a_persons() -> None:
    metrics = Metrics()
    for number in range(10_000):
        metrics.held(f"reason-{number}")
    metrics.held("anna@example.com")
    metrics.received('x"} 1\nforged', "ignored")
    text = metrics.render().decode()
    assert text.count("deskbot_held_total{") == MOST_VALUES + 1
    assert value(metrics, "held_total", reason="other") == 10_000 - MOST_VALUES + 1
    assert "anna" not in text
    assert "forged" not in text
