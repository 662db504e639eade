"""Taking the evidence of a deal along, and judging such a file anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from federation.errors import FederationError, KeyRefused
from federation.keys import parse_multikey
from federation.messages import JsonObject, Limits
from federation.strictjson import dump_json
from node.cli.front import Front, command
from node.cli.render import plural, table
from node.domain.errors import InvalidInput
from node.domain.terms import short_name
from node.domain.values import format_time
from node.runtime.asking import CommandFailed
from node.store.ports import StoreRefused
from node.wire.bundles import MOST_BYTES
from node.wire.reports import KeySeen, Party, Report, Sale, Whose
from node.wire.verification import verify_bundle

__all__ = ["COMMANDS"]

Keys = dict[str, set[str]]
_KEY_RIGHT = "Write ACTOR=KEY, such as https://shop.example/actors/shop=z6Mk…"


@command("export", "obverse export qU2Lvu -o deal.json")
@click.argument("deal")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file.")
def export(front: Front, deal: str, output: Path | None) -> None:
    """Take the evidence of a deal along: every message as it came, and whose key signed it."""
    done = front.ask("deal.export", deal=deal)
    if output is None:
        front.print_json(done["bundle"])
        return
    _write_new(output, dump_json(done["bundle"]) + b"\n")
    front.show(
        {"deal": done["deal"], "messages": done["messages"], "path": str(output)},
        lambda front, done: front.say(
            f"{plural(done['messages'], 'message')} of {done['deal']} in {done['path']}. "
            f"Check it anywhere: obverse verify {done['path']}"
        ),
    )


def _write_new(path: Path, data: bytes) -> None:
    """A new file for its owner alone: it holds what was disclosed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput("output", f"{path} is there already", "Choose another name.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


# --- judging ----------------------------------------------------------------------------------------------


@command("verify", "obverse verify deal.json --key https://shop.example/actors/shop=z6MkmBvkyY48...")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--key", "keys", multiple=True, metavar="ACTOR=KEY", help="A key that you know to be its actor's."
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of such keys, one ACTOR=KEY a line.",
)
def verify(front: Front, bundle: Path, keys: tuple[str, ...], key_file: Path | None) -> int:
    """Check an exported deal, offline: is it signed, whose key was it, and when.

    Ends with 0 if it is signed by keys that you gave or that your own node knows, with 3 if it is signed by
    keys that only the exporter vouches for, else with 1.
    """
    lines = [*keys, *(_lines(key_file) if key_file is not None else ())]
    data, pinned = _read(bundle), _pinned(lines)
    now = datetime.now(UTC)
    report = verify_bundle(data, pinned=pinned, known={}, now=now, limits=Limits())
    if report.whose is Whose.RECORDED:
        known = _known(front, report)
        report = verify_bundle(data, pinned=pinned, known=known, now=now, limits=Limits())
    if front.as_json:
        front.print_json(report_json(report))
    else:
        _show(front, report)
    return report.exit_code


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput("bundle", f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("key-file", f"{path} cannot be read: {error}", "Name a text file.") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _pinned(lines: Iterable[str]) -> Keys:
    pinned: Keys = {}
    for line in lines:
        actor, equals, multibase = line.rpartition("=")
        if not equals:
            raise InvalidInput("key", f"{line!r}", _KEY_RIGHT)
        try:
            parse_multikey(multibase.strip(), key_id=actor, owner=actor)
        except KeyRefused as error:
            raise InvalidInput("key", f"{multibase!r}: {error}", _KEY_RIGHT) from None
        pinned.setdefault(actor.strip(), set()).add(multibase.strip())
    return pinned


def _known(front: Front, report: Report) -> Keys:
    """What the verifier's own node knows of these keys; nothing where none can be opened."""
    asked = sorted({key.key_id for party in report.parties for key in party.keys})
    try:
        found = front.ask("evidence.keys", keys=asked)["keys"]
    except (InvalidInput, StoreRefused, CommandFailed, FederationError, OSError):
        return {}
    return {actor: set(keys) for actor, keys in found.items()}


# --- telling ----------------------------------------------------------------------------------------------


def report_json(report: Report) -> JsonObject:
    """A report as plain JSON."""
    agreed = report.agreement
    return {
        "signed": report.signed,
        "whose": report.whose.value,
        "exit_code": report.exit_code,
        "problems": [{"place": problem.place, "text": problem.text} for problem in report.problems],
        "deal": report.deal_id,
        "exported_by": report.exported_by,
        "exported_at": format_time(report.exported_at),
        "parties": [_party_json(party) for party in report.parties],
        "agreement": agreed
        and {
            "what": agreed.what,
            "quantity": str(agreed.agreement.quantity),
            "price": str(agreed.agreement.price) if agreed.agreement.price else None,
            "terms": list(agreed.terms),
            "accept_digest": agreed.accept_digest,
            "concluded_at": format_time(agreed.concluded_at),
        },
        "messages": [
            {
                "kind": seen.kind,
                "actor": seen.actor,
                "digest": seen.digest,
                "signed_at": format_time(seen.signed_at),
                "received_at": format_time(seen.received_at),
                "by_server": seen.by_server,
            }
            for seen in report.messages
        ],
        **({"sale": _sale_json(report.sale)} if report.sale is not None else {}),
    }


def _sale_json(sale: Sale) -> JsonObject:
    return {
        "reference": sale.reference,
        "quote": sale.words,
        "accepted_at": format_time(sale.accepted_at),
        "cancelled_at": format_time(sale.cancelled_at) if sale.cancelled_at else None,
        "signed_by": "the customer's server" if sale.by_server else "the customer's own key",
    }


def _party_json(party: Party) -> JsonObject:
    return {
        "actor": party.actor,
        "role": party.role.value,
        "keys": [
            {
                "id": key.key_id,
                "key": key.multibase,
                "whose": key.whose.value,
                "from": key.source,
                "fetched_at": format_time(key.fetched_at),
            }
            for key in party.keys
        ],
    }


def _show(front: Front, report: Report) -> None:
    front.say(f"Signed: {'yes, every signature and binding holds' if report.signed else 'NO'}")
    for problem in report.problems:
        front.say(f"  {problem.place}: {problem.text}")
    front.say("Whose keys:")
    for party in report.parties:
        for key in party.keys:
            front.say(f"  {party.role} {party.actor}: {_words(key)}")
    if report.agreement is not None:
        agreed = report.agreement
        price = f" for {agreed.agreement.price}" if agreed.agreement.price else ""
        terms = ", ".join(short_name(term) for term in agreed.terms) or "no terms"
        front.say(f"Agreed: {agreed.agreement.quantity} {agreed.what}{price}, on {terms}")
    if report.sale is not None:
        _show_sale(front, report.sale)
    front.say("When (signed by each; received by the exporter's word):")
    table(
        front.out,
        ["What", "Signed", "Received", "By"],
        [
            (seen.kind, format_time(seen.signed_at), format_time(seen.received_at), seen.actor)
            for seen in report.messages
        ],
        empty="Nothing that is signed.",
    )


def _show_sale(front: Front, sale: Sale) -> None:
    whose = (
        "signed by the customer's server, not by a key of their own"
        if sale.by_server
        else "signed by a key of the customer's own"
    )
    front.say(f"Sold: {sale.reference}, accepted at {format_time(sale.accepted_at)}; {whose}")
    if sale.cancelled_at is not None:
        front.say(f"Cancelled again at {format_time(sale.cancelled_at)}")
    front.say("The quote says:")
    for line in sale.words.splitlines():
        front.say(f"  {line}")


def _words(key: KeySeen) -> str:
    match key.whose:
        case Whose.PINNED:
            return "the key that you gave"
        case Whose.KNOWN:
            return "a key that your own node knows as its own or fetched from it itself"
        case Whose.RECORDED:
            when = format_time(key.fetched_at)
            return (
                f"the exporter recorded this key from {key.source} at {when}; "
                f"this file alone cannot prove it ({key.multibase})"
            )
        case Whose.CONTRADICTED:
            return f"NOT the key that you gave (signed with {key.multibase})"


COMMANDS: tuple[click.Command, ...] = (export, verify)
