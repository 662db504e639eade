"""What a node counts of itself: right, bounded, and without a word about anybody."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from node.observability.metrics import CONTENT_TYPE, Metrics, Spread, Tally
from node.store.ports import Lengths


def read(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, read as Prometheus reads it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_tally_counts_by_its_labels() -> None:
    tally = Tally("x", "words", "outcome")
    for outcome in ("accepted", "refused", "accepted"):
        tally.add(outcome)
    assert tally.counts == {("accepted",): 2, ("refused",): 1}


def test_tally_counts_endless_labels_as_one() -> None:
    tally = Tally("x", "words", "outcome", "reason")
    for number in range(500):
        tally.add("refused", str(number))
    assert len(tally.counts) <= 65
    assert tally.counts["other", "other"] == 500 - 64


def test_spread_puts_values_between_their_bounds() -> None:
    spread = Spread("x", "words", (1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        spread.add(value)
    assert spread.counts == [2, 1, 1]
    assert spread.total == 12.0


def test_everything_counted_is_told_in_prometheus_words() -> None:
    metrics = Metrics("1.2.3")
    metrics.inbox.add("refused", "KeyUnknown")
    metrics.answered("inbox", 401, 0.02)
    metrics.answered("read", 200, 0.002)
    metrics.committed("committed", 7, 0.003)
    metrics.deliveries.add("delivered")
    metrics.delivery_seconds.add(0.3)
    metrics.look_ups.add("found")
    metrics.failures.add("process")
    metrics.loop_lag.add(0.001)
    metrics.note_lengths(Lengths(1, 2, 3, 4, 5, 6, 7))
    metrics.watch("obverse_connections", "words", "phase", lambda: {"coming": 3})
    told = read(metrics)
    assert told["obverse_build_info", (("version", "1.2.3"),)] == 1
    assert told["obverse_inbox_messages_total", (("outcome", "refused"), ("reason", "KeyUnknown"))] == 1
    assert told["obverse_http_answers_total", (("kind", "inbox"), ("status", "401"))] == 1
    assert told["obverse_inbox_answer_seconds_bucket", (("le", "0.025"),)] == 1
    assert told["obverse_inbox_answer_seconds_bucket", (("le", "0.01"),)] == 0
    assert told["obverse_read_answer_seconds_bucket", (("le", "+Inf"),)] == 1
    assert told["obverse_store_commit_batch_sum", ()] == 7
    assert told["obverse_queue_length", (("queue", "deliveries_dead"),)] == 3
    assert told["obverse_circuits_open", ()] == 7
    assert told["obverse_connections", (("phase", "coming"),)] == 3
    assert told["process_open_fds", ()] > 0
    assert told["process_resident_memory_bytes", ()] > 1e6


def test_two_nodes_of_one_process_count_apart() -> None:
    one, other = Metrics("1"), Metrics("1")
    one.failures.add("process")
    assert not any(name == "obverse_failures_total" for name, _ in read(other))


def test_before_anything_happened_there_is_something_to_read() -> None:
    told = read(Metrics("0"))
    assert told["obverse_loop_lag_seconds_count", ()] == 0
    assert not any(name == "obverse_queue_length" for name, _ in told)


def test_words_are_given_in_the_format_that_is_announced() -> None:
    assert "version=0.0.4" in CONTENT_TYPE
    assert re.search(rb"^# TYPE obverse_store_commit_seconds histogram$", Metrics("0").text(), re.MULTILINE)
