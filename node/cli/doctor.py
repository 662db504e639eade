"""`obverse doctor`: what may be wrong with this node, and what mends it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509

from federation.messages import JsonObject
from node.asking import CommandFailed, is_running
from node.cli.front import Front, command
from node.cli.render import plural, table, tone
from node.config import FILE, Config, load_config
from node.domain.errors import InvalidInput
from node.signing import load_node_key
from node.store.ports import StoreRefused

__all__ = ["COMMANDS", "Finding", "diagnose"]

OK, WARNING, FAILED = "ok", "warning", "failed"
LEAST_FREE_BYTES = 200 * 1024 * 1024
ENOUGH_FREE_BYTES = 1024 * 1024 * 1024
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `state` ok, warning or failed; `fix` says what to do."""

    what: str
    state: str
    detail: str
    fix: str = ""


@command("doctor", "obverse doctor")
def doctor(front: Front) -> int:
    """Look for what may be wrong with this node; each trouble names what mends it."""
    findings = list(diagnose(front, datetime.now(UTC)))
    bad = any(finding.state == FAILED for finding in findings)
    shown: JsonObject = {
        "healthy": not bad,
        "findings": [
            {"what": found.what, "state": found.state, "detail": found.detail, "fix": found.fix}
            for found in findings
        ],
    }
    front.show(shown, _show)
    return 1 if bad else 0


def _show(front: Front, shown: JsonObject) -> None:
    rows = [
        (tone(found["state"]), found["what"], " ".join(filter(None, (found["detail"], found["fix"]))))
        for found in shown["findings"]
    ]
    table(front.out, ["State", "What", "Finding"], rows, empty="")


def diagnose(front: Front, now: datetime) -> Iterator[Finding]:
    """Look at everything that can be looked at. Raises: nothing that was expected."""
    try:
        config = load_config(front.data)
    except InvalidInput as error:
        yield Finding("configuration", FAILED, f"{error.field}: {error.wrong}", error.right)
        return
    yield Finding("configuration", OK, config.base_url)
    yield from _files(config)
    yield _node_key(config)
    yield _disk(config.data_dir)
    yield from _clock(config, now)
    yield from _certificate(config, now)
    running = is_running(config)
    yield Finding(
        "process", OK, "a node runs here" if running else "no node runs here; doctor opens the store itself"
    )
    yield from _store(front)
    if running:
        yield _reach(front, config)
    else:
        yield Finding("address", WARNING, "not asked: the node does not run", "Start it: obverse serve")


# --- the machine ------------------------------------------------------------------------------------------


def _files(config: Config) -> Iterator[Finding]:
    """Nobody but the owner may read the node's files, and all of them are there."""
    for path in (config.data_dir, config.data_dir / FILE, config.node_key_path, config.database_path):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            yield Finding(
                "files", FAILED, f"{path}: {error.strerror}", "Bring it back from a backup: obverse restore"
            )
            continue
        if mode & 0o077:
            wanted = "700" if path == config.data_dir else "600"
            yield Finding("files", FAILED, f"others may open {path} ({mode:o})", f"chmod {wanted} {path}")
        else:
            yield Finding("files", OK, f"{path} ({mode:o})")


def _node_key(config: Config) -> Finding:
    try:
        load_node_key(config.node_key_path)
    except (StoreRefused, OSError) as error:
        return Finding("node key", FAILED, str(error))
    return Finding("node key", OK, "readable")


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    detail = f"{free // 1024**2} MiB free"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", FAILED, detail, "Make room: nothing can be received on a full disk.")
    state = OK if free >= ENOUGH_FREE_BYTES else WARNING
    return Finding("disk", state, detail, "" if state == OK else "Make room soon.")


def _clock(config: Config, now: datetime) -> Iterator[Finding]:
    """Signatures are dated: a clock that is minutes off makes every peer refuse them."""
    fix = "Let the system keep its time from the network: timedatectl set-ntp true"
    try:
        written = datetime.fromtimestamp(config.database_path.stat().st_mtime, UTC)
    except OSError:
        written = EARLIEST
    if now < EARLIEST or now < written - timedelta(minutes=5):
        yield Finding(
            "clock", FAILED, f"it says {now:%Y-%m-%d %H:%M}, which is before the node's own past", fix
        )
    else:
        yield Finding("clock", OK, f"{now:%Y-%m-%d %H:%M} UTC")


def _certificate(config: Config, now: datetime) -> Iterator[Finding]:
    if config.tls_cert is None:
        return
    fix = "Renew the certificate, then restart the node."
    try:
        end = x509.load_pem_x509_certificate(Path(config.tls_cert).read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        yield Finding("certificate", FAILED, f"{config.tls_cert}: {error}", "Name a PEM file in tls_cert.")
        return
    detail = f"valid until {end:%Y-%m-%d}"
    if end < now:
        yield Finding("certificate", FAILED, detail, fix)
    else:
        soon = end < now + timedelta(days=14)
        yield Finding("certificate", WARNING if soon else OK, detail, fix if soon else "")


# --- the node ---------------------------------------------------------------------------------------------


def _store(front: Front) -> Iterator[Finding]:
    """The database opens and is whole, the node key opens its keys, nothing lies about undelivered."""
    health = _asked(lambda: front.ask("node.health"))
    if isinstance(health, str):
        yield Finding("database", FAILED, health)
        return
    yield Finding("database", OK, f"opens; {plural(len(health['accounts']), 'account')}")
    unopened = health["keys_unopened"]
    if unopened:
        yield Finding(
            "keys",
            FAILED,
            f"the node key does not open {', '.join(unopened[:3])}",
            "Key and database must come from one backup: obverse restore",
        )
    else:
        yield Finding("keys", OK, f"{plural(health['keys'], 'key')} open")
    stuck = health["deliveries"]["dead"] + health["deliveries"]["held"] + health["dead_letters"]
    detail = f"{health['deliveries']['queued']} queued, {stuck} given up"
    fix = "See obverse deliveries list" if stuck else ""
    yield Finding("deliveries", WARNING if stuck else OK, detail, fix)


def _reach(front: Front, config: Config) -> Finding:
    fix = f"Let {config.base_url} lead to {config.bind_host}:{config.bind_port} (DNS, proxy, firewall)."
    found = _asked(lambda: front.ask("node.reach"))
    if isinstance(found, str):
        return Finding("address", FAILED, found, fix)
    if found["problems"]:
        first = found["problems"][0]
        return Finding("address", FAILED, f"{first['what']}: {first['error']}", fix)
    return Finding("address", OK, f"{config.base_url} answers; actor and handles are found")


def _asked(ask: Callable[[], JsonObject]) -> JsonObject | str:
    """What the node said, or in words why it could not."""
    try:
        return ask()
    except (CommandFailed, StoreRefused, InvalidInput, OSError) as error:
        return str(error)


@command("clock", "obverse clock --trust")
@click.option("--trust", is_flag=True, help="The machine's clock is right as it is now.")
def clock(front: Front, trust: bool) -> None:
    """Tell what time it is for the node, and whether the machine's clock is believed."""
    if trust:
        front.show(front.ask("clock.trust"), lambda front, done: front.say(f"It is {done['now']}."))
        return
    health = front.ask("node.health")
    front.show({"now": health["now"], **health["clock"]}, _show_clock)


def _show_clock(front: Front, shown: JsonObject) -> None:
    front.say(f"It is {shown['now']} for this node.")
    if shown["doubt"] is not None:
        front.say(
            f"{shown['doubt'].capitalize()}, and is not believed. If it is right: obverse clock --trust"
        )


COMMANDS: tuple[click.Command, ...] = (doctor, clock)
