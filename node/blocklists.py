"""Lists of blocked domains as servers share them, in Mastodon's shape: read, compared, taken over, written.

A list is first compared with what is blocked here, line by line, and nothing changes by it. A node of ours
hears a domain or does not: lines that ask for less than that are not taken over, and said so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from federation.errors import InvalidIri
from federation.ids import domain_matches, host
from node.blocking import domain_in, own_domain
from node.context import BlockList, Node
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.services.shunning import part_from
from node.store.ports import Block

__all__ = ["MOST_LINES", "BlockLine", "Verdict", "apply_blocklist", "compare_blocklist", "write_blocklist"]

MOST_LINES = 20_000
MOST_REASON = 500
COLUMNS = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate")
"""As Mastodon writes them; a list may have fewer, in any order, with or without the mark."""
_SEVERITIES = ("suspend", "silence", "limit", "noop")


class Verdict(StrEnum):
    """What becomes of one line."""

    NEW = "new"
    """The domain will be blocked."""
    KNOWN = "known"
    """It is blocked already, by itself or with the domain above it."""
    TWICE = "twice"
    """Another line of the list says the same, however it is spelt."""
    WEAKER = "weaker"
    """The list only limits it, or notes it; this node hears a domain or does not."""
    HIDDEN = "hidden"
    """The list hides a part of the name behind stars."""
    OURS = "ours"
    """It is this node, or the domain above it."""
    WRONG = "wrong"
    """It is no domain."""


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One line of a list. `domain` is canonical, "" where it is none; `text` is as it was written."""

    number: int
    text: str
    domain: str
    verdict: Verdict
    reason: str = ""

    @property
    def is_taken(self) -> bool:
        return self.verdict is Verdict.NEW


async def compare_blocklist(node: Node, text: str) -> tuple[BlockLine, ...]:
    """What taking over a list would change, line by line; nothing is changed.

    Raises: InvalidInput for what is no such list.
    """
    blocked = await node.look(lambda desk: desk.tx.blocks.all())
    return tuple(_judged(text, [one.domain for one in blocked], own_domain(node)))


async def apply_blocklist(node: Node, text: str) -> tuple[BlockLine, ...]:
    """Block what a list blocks, all in one transaction; the lines as they were judged in it.

    Raises: InvalidInput for what is no such list.
    """
    own = own_domain(node)

    def change(desk: Desk) -> tuple[tuple[BlockLine, ...], list[Block]]:
        lines = tuple(_judged(text, [one.domain for one in desk.tx.blocks.all()], own))
        for line in lines:
            if line.is_taken:
                desk.tx.blocks.save(Block(line.domain, desk.now, line.reason))
        blocks = desk.tx.blocks.all()
        shut_out = BlockList()
        shut_out.replace(blocks)
        part_from(desk, lambda actor: shut_out(host(actor)))
        return lines, blocks

    lines, blocks = await node.work(change)
    node.blocks.replace(blocks)
    return lines


def _judged(text: str, blocked: list[str], own: str) -> Iterator[BlockLine]:
    known, taken = frozenset(blocked), set[str]()
    for number, row in _rows(text):
        line = _judge(number, row, known, taken, own)
        if line.is_taken:
            taken.add(line.domain)
        yield line


def _judge(number: int, row: dict[str, str], blocked: frozenset[str], taken: set[str], own: str) -> BlockLine:
    text = row.get("domain", "")[:300]
    reason = " ".join(row.get("public_comment", "").split())[:MOST_REASON]

    def line(verdict: Verdict, domain: str = "") -> BlockLine:
        return BlockLine(number, text, domain, verdict, reason)

    if "*" in text:
        return line(Verdict.HIDDEN)
    try:
        domain = domain_in(text)
    except InvalidIri:
        return line(Verdict.WRONG)
    severity = row.get("severity", "").strip().casefold() or "suspend"
    if severity != "suspend":
        return line(Verdict.WEAKER if severity in _SEVERITIES else Verdict.WRONG, domain)
    if domain_matches(own, domain):
        return line(Verdict.OURS, domain)
    above = set(_and_above(domain))
    if above & blocked:
        return line(Verdict.KNOWN, domain)
    return line(Verdict.TWICE if above & taken else Verdict.NEW, domain)


def _and_above(domain: str) -> list[str]:
    """A domain and those above it: `a.b.example`, `b.example`, `example`."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line by its columns' names. Raises: InvalidInput."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    names: list[str] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if names is None:
                found = [cell.strip().removeprefix("#").casefold() for cell in row]
                if "domain" in found:
                    names = found
                    continue
                names = [name.removeprefix("#") for name in COLUMNS]
                _check_bare(row)
            if reader.line_num > MOST_LINES:
                wrong = said("more than %(most)s lines", most=MOST_LINES)
                raise InvalidInput("list", wrong, "Take it over in parts.")
            yield reader.line_num, dict(zip(names, row, strict=False))
    except csv.Error as error:
        wrong = said("line %(line)s is no CSV: %(error)s", line=reader.line_num, error=error)
        raise InvalidInput("list", wrong, "Export it again where it comes from.") from None
    if names is None:
        raise InvalidInput("list", "it is empty", "A list has a line for each domain.")


def _check_bare(row: list[str]) -> None:
    """A list without a head has domains alone, or Mastodon's columns in their order."""
    if len(row) > 1 and row[1].strip().casefold() not in _SEVERITIES:
        right = said("Its first line names the columns: %(columns)s.", columns=",".join(COLUMNS))
        raise InvalidInput("list", "its columns are not known", right)


async def write_blocklist(node: Node) -> str:
    """What this node blocks, as others can take it over; why stands there as the public comment."""
    blocks = await node.look(lambda desk: desk.tx.blocks.all())
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    for block in blocks:
        table.writerow((block.domain, "suspend", "True", "True", _plain(block.reason), "False"))
    return written.getvalue()


def _plain(text: str) -> str:
    """A comment that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
