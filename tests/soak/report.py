"""What a soak found, as a table for people and as JSON."""

from __future__ import annotations

import platform
from statistics import quantiles

from rich.table import Table
from rich.text import Text

from federation.messages import JsonObject
from tests.soak.checker import slopes
from tests.soak.gauges import EVERY_S, Gauge
from tests.soak.soaking import Result

__all__ = ["as_json", "table_of"]


def as_json(result: Result) -> JsonObject:
    """Everything that was measured, and every verdict."""
    said, account = result.account.said, result.account
    took = sorted(said.took_s)
    cuts = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    return {
        "python": platform.python_version(),
        "minutes": result.plan.minutes,
        "seed": result.plan.seed,
        "rate": result.plan.rate,
        "least_minutes": result.plan.limits.least_minutes,
        **result.figures,
        "strangers": {
            "sent": len(said.sent),
            "acknowledged": len(said.acknowledged),
            "tries_by_status": {str(status): count for status, count in sorted(said.statuses.items())},
            "heard": len(said.heard),
            "heard_again": said.heard_again,
            "answer_s": {"p50": round(cuts[49], 3), "p99": round(cuts[98], 3), "max": max(took, default=0.0)},
        },
        "nodes": {
            name: {
                "messages_in": sum(line.direction == "in" for line in book.lines),
                "messages_out": sum(line.direction == "out" for line in book.lines),
                "deals": len(book.deals),
                "waiting": len(book.waiting),
                "database_mb": round(book.size_mb, 1),
                "memory_mb_first_to_last": _ends(result, name),
                "memory_mb_per_minute": round(slopes(account, "memory_mb")[name].per_minute, 3),
                "descriptors_per_minute": round(slopes(account, "descriptors")[name].per_minute, 3),
                "descriptors_most": max((s.descriptors for s in account.gauges[name].samples), default=0),
                "samples": _samples(account.gauges[name]),
                "slope_over_minutes": round(slopes(account, "memory_mb")[name].minutes, 1),
                "slope_over_lives": slopes(account, "memory_mb")[name].lives,
            }
            for name, book in account.books.items()
        },
        "verdicts": result.verdicts,
        "holds": result.holds,
    }


def _samples(gauge: Gauge) -> list[tuple[int, int, float, int]]:
    """(second, process, megabytes, descriptors), every half minute, so that a slope can be looked at."""
    if not gauge.samples:
        return []
    began = gauge.samples[0].at
    step = max(1, round(30 / EVERY_S))
    return [
        (round(one.at - began), one.pid, round(one.memory_mb, 1), one.descriptors)
        for one in gauge.samples[::step]
    ]


def _ends(result: Result, name: str) -> list[float]:
    samples = result.account.gauges[name].samples
    return [round(samples[0].memory_mb, 1), round(samples[-1].memory_mb, 1)] if samples else []


def table_of(found: JsonObject) -> list[Table]:
    """The same, for a terminal."""
    return [_load(found), _nodes(found), _verdicts(found)]


def _load(found: JsonObject) -> Table:
    table = Table(title=f"Soak of {found['minutes']} minutes, seed {found['seed']}", title_justify="left")
    table.add_column("what")
    table.add_column("figure")
    strangers, load_s = found["strangers"], max(found["load_s"], 1)
    inside = sum(node["messages_in"] for node in found["nodes"].values())
    rows = {
        "messages taken by the nodes": f"{inside} ({inside / load_s:.1f} a second)",
        "strangers' messages": f"{strangers['sent']} sent, {strangers['acknowledged']} acknowledged",
        "tries by answer": ", ".join(f"{status}: {n}" for status, n in strangers["tries_by_status"].items()),
        "answered within": f"p50 {strangers['answer_s']['p50']} s, p99 {strangers['answer_s']['p99']} s",
        "heard by strangers": f"{strangers['heard']}, and {strangers['heard_again']} again",
        "owners' commands": f"{found['commands']}, {found['commands_unheard']} not heard",
        "deals carried to their end": f"{found['deals_carried_to_their_end']}",
        "kills": ", ".join(f"{name} {count}" for name, count in found["kills"].items()),
        "pauses": f"{found['pauses']}, {found['paused_s']} s",
        "connections": f"{found['connections']}: {found['resets']} resets, {found['drips']} drips, "
        f"{found['waits']} waits",
        "drained in": f"{found['drained_s']} s",
    }
    for row in rows.items():
        table.add_row(*row)
    return table


def _nodes(found: JsonObject) -> Table:
    table, load_s = Table(title="Nodes", title_justify="left"), max(found["load_s"], 1)
    for name in ("node", "in", "out", "deals", "database", "memory", "MB/min", "fd", "fd/min", "over", "CPU"):
        table.add_column(name, justify="left" if name == "node" else "right")
    for name, node in found["nodes"].items():
        table.add_row(
            name,
            str(node["messages_in"]),
            str(node["messages_out"]),
            str(node["deals"]),
            f"{node['database_mb']} MB",
            " → ".join(str(size) for size in node["memory_mb_first_to_last"]) + " MB",
            f"{node['memory_mb_per_minute']:+.3f}",
            f"≤ {node['descriptors_most']}",
            f"{node['descriptors_per_minute']:+.3f}",
            f"{node['slope_over_minutes']} min, {node['slope_over_lives']} lives"
            + ("" if node["slope_over_minutes"] >= found["least_minutes"] else " (not judged)"),
            f"{100 * found['cpu_s'][name] / load_s:.0f} %",
        )
    return table


def _verdicts(found: JsonObject) -> Table:
    table = Table(title="Checker", title_justify="left")
    table.add_column("what must hold")
    table.add_column("found")
    for name, wrong in found["verdicts"].items():
        table.add_row(name, Text("\n".join(wrong), "red") if wrong else Text("holds", "green"))
    return table
