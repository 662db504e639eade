"""What a node counts of itself, for Prometheus: numbers by kind, never by whom.

Counting is a dictionary look-up and an addition, since it happens with every message; the families that
Prometheus reads are made when it asks. The registry is the node's own: two nodes live in one process.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from node.store.ports import Lengths

__all__ = ["CONTENT_TYPE", "Metrics", "Spread", "Tally"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MOST = 64
"""Label values are few by construction; should that fail, the rest is counted as one."""

_ANSWER_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DELIVERY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_LAG_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Tally:
    """Counts by a few labels."""

    def __init__(self, name: str, words: str, *labels: str) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self.counts: dict[tuple[str, ...], int] = {}

    def add(self, *values: str) -> None:
        """Count one. Shapes: as many values as there are labels, each out of a small closed set."""
        counts = self.counts
        if values in counts:
            counts[values] += 1
        elif len(counts) < _MOST:
            counts[values] = 1
        else:
            other = ("other",) * len(self._labels)
            counts[other] = counts.get(other, 0) + 1

    def family(self) -> Metric:
        made = CounterMetricFamily(self._name, self._words, labels=self._labels)
        for values, count in self.counts.copy().items():
            made.add_metric(values, count)
        return made


class Spread:
    """How values are spread over fixed bounds."""

    def __init__(self, name: str, words: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._words = words
        self._bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def family(self) -> Metric:
        made = HistogramMetricFamily(self._name, self._words)
        so_far = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*self._bounds, float("inf")), self.counts, strict=True):
            so_far += count
            buckets.append(("+Inf" if bound == float("inf") else f"{bound:g}", so_far))
        made.add_metric((), buckets, self.total)
        return made


class Metrics:
    """All that one node counts. Each part is added to by one thread only."""

    def __init__(self, version: str) -> None:
        self._version = version
        self.inbox = Tally(
            "obverse_inbox_messages", "Messages to an inbox, by how they ended", "outcome", "reason"
        )
        self.answers = Tally(
            "obverse_http_answers", "Answers by kind of request and status", "kind", "status"
        )
        self.inbox_seconds = Spread("obverse_inbox_answer_seconds", "Until a POST was answered", _ANSWER_S)
        self.read_seconds = Spread("obverse_read_answer_seconds", "Until a GET was answered", _ANSWER_S)
        self.deliveries = Tally("obverse_deliveries", "Attempts to deliver, by how they ended", "outcome")
        self.delivery_seconds = Spread("obverse_delivery_seconds", "One attempt to deliver", _DELIVERY_S)
        self.look_ups = Tally("obverse_look_ups", "Documents asked of other servers, by outcome", "outcome")
        self.failures = Tally("obverse_failures", "What failed here and should not have, by place", "part")
        self.commits = Tally("obverse_store_commits", "Batches of writes, by how they ended", "outcome")
        self.commit_seconds = Spread("obverse_store_commit_seconds", "One batch, with its commit", _COMMIT_S)
        self.commit_batch = Spread("obverse_store_commit_batch", "Writes in one batch", _BATCH)
        self.loop_lag = Spread("obverse_loop_lag_seconds", "How late the event loop runs", _LAG_S)
        self._gauges: list[tuple[str, str, str, Callable[[], Mapping[str, float]]]] = []
        self._lengths: Lengths | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def watch(self, name: str, words: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Ask `read` for values by label whenever somebody looks. It must be quick, and must not raise."""
        self._gauges.append((name, words, label, read))

    def note_lengths(self, lengths: Lengths) -> None:
        """Take over what the store says of its queues."""
        self._lengths = lengths

    def committed(self, outcome: str, writes: int, seconds: float) -> None:
        """Count one batch of the store; called by its writing thread."""
        self.commits.add(outcome)
        self.commit_seconds.add(seconds)
        self.commit_batch.add(writes)

    def answered(self, kind: str, status: int, seconds: float) -> None:
        """Count one answer over HTTP. Shapes: `kind` is "inbox" or "read"."""
        self.answers.add(kind, str(status))
        (self.inbox_seconds if kind == "inbox" else self.read_seconds).add(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families; the registry calls this."""
        yield InfoMetricFamily("obverse_build", "The release that runs", value={"version": self._version})
        for part in vars(self).values():
            if isinstance(part, Tally | Spread):
                yield part.family()
        for name, words, label, read in self._gauges:
            yield _gauge(name, words, label, read())
        if self._lengths is not None:
            yield from _queue_families(self._lengths)


def _queue_families(lengths: Lengths) -> Iterator[Metric]:
    waiting = {
        "deliveries_due": lengths.deliveries_due,
        "deliveries_waiting": lengths.deliveries_waiting,
        "deliveries_dead": lengths.deliveries_dead,
        "inbox_pending": lengths.inbox_pending,
        "inbox_dead": lengths.inbox_dead,
        "parked": lengths.parked,
    }
    yield _gauge("obverse_queue_length", "What waits in the store", "queue", waiting)
    yield _gauge(
        "obverse_circuits_open", "Hosts that are left alone for now", "", {"": lengths.circuits_open}
    )


def _gauge(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    """A gauge by one label; without a label `values` holds the one value."""
    made = GaugeMetricFamily(name, words, labels=[label] if label else [])
    for value, number in values.items():
        made.add_metric([value] if label else [], number)
    return made
