"""`obverse doctor`: what may be wrong with this node, and what mends it."""

from __future__ import annotations

import shutil
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from cryptography import x509

from federation.messages import JsonObject
from node.cli import late
from node.cli.front import Front, command
from node.cli.render import plural, table, tone
from node.config import FILE, Config, load_config
from node.domain.errors import InvalidInput
from node.runtime.asking import CommandFailed, is_running
from node.signing import load_node_key
from node.store.ports import StoreRefused

__all__ = ["COMMANDS", "Finding", "diagnose"]

OK, WARNING, FAILED = "ok", "warning", "failed"
LEAST_FREE_BYTES = 200 * 1024 * 1024
ENOUGH_FREE_BYTES = 1024 * 1024 * 1024
LONGEST_LOG_BYTES = 256 * 1024 * 1024
BACKUP_EVERY = timedelta(days=7)
RENEWED_BEFORE = timedelta(days=14)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `state` ok, warning or failed; `fix` says what to do."""

    what: str
    state: str
    detail: str
    fix: str = ""


@command("doctor", "obverse doctor\nobverse doctor @shop@shop.example")
@click.argument("who", required=False, metavar="[HANDLE|URL]")
def doctor(front: Front, who: str | None = None) -> int:
    """Look for what may be wrong with this node; each trouble names what mends it.

    With a handle or an address, look from outside instead: at this node as others see it, or at another.
    """
    if who is not None:
        return _from_outside(front, who)
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


def _from_outside(front: Front, who: str) -> int:
    """By the node where there is one, which can sign; else by nobody in particular."""
    if (front.data / FILE).exists():
        seen = front.ask("node.examine", who=who)
    else:
        seen = late.examine_alone(who, lambda text: None)
    front.show(seen, _show)
    return 0 if seen["healthy"] else 1


def _show(front: Front, shown: JsonObject) -> None:
    rows = [
        (tone(found["state"]), found["what"], _sentences(found["detail"], found["fix"]))
        for found in shown["findings"]
    ]
    table(front.out, ["State", "What", "Finding"], rows, empty="")


def _sentences(detail: str, fix: str) -> str:
    """What was found, and after it what mends it."""
    return f"{detail.removesuffix('.')}. {fix}" if detail and fix else detail or fix


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
    yield from _store(front, now)
    yield from _growth(config)
    if running:
        yield _reach(front, config)
        yield from _public_certificate(config, now)
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


def _growth(config: Config) -> Iterator[Finding]:
    """The log is taken into the database in quiet moments; a long one says that there are none."""
    path = config.database_path
    try:
        size = path.stat().st_size
    except OSError:
        return  # told among the files
    log = path.with_name(path.name + "-wal")
    waiting = log.stat().st_size if log.exists() else 0
    detail = f"the database has {size // 1024**2} MiB, its log {waiting // 1024**2} MiB"
    if waiting > LONGEST_LOG_BYTES:
        yield Finding("size", WARNING, detail, "Restart the node in a quiet hour; see its log.")
    else:
        yield Finding("size", OK, detail)


def _public_certificate(config: Config, now: datetime) -> Iterator[Finding]:
    """The certificate that others are shown, whoever holds it: the node or a proxy before it."""
    parts = urlsplit(config.base_url)
    if parts.scheme != "https" or parts.hostname is None:
        return
    try:
        address = config.names.get(parts.hostname, parts.hostname)
        shown = _shown_certificate(parts.hostname, (address, parts.port or 443))
        end = x509.load_der_x509_certificate(shown).not_valid_after_utc
    except (OSError, ValueError) as error:
        yield Finding("public certificate", WARNING, f"not to be seen from here: {error}")
        return
    soon = end < now + RENEWED_BEFORE
    fix = "Look why the proxy (or whatever renews it) has not renewed it." if soon else ""
    state = FAILED if end < now else WARNING if soon else OK
    yield Finding("public certificate", state, f"valid until {end:%Y-%m-%d}", fix)


def _shown_certificate(host: str, address: tuple[str, int]) -> bytes:
    """The certificate in DER that is shown to who asks for `host` there. Raises: OSError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is read, and trusted for nothing
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as shown,
    ):
        return shown.getpeercert(binary_form=True) or b""


# --- the node ---------------------------------------------------------------------------------------------


def _store(front: Front, now: datetime) -> Iterator[Finding]:
    """The database opens and is whole, the node key opens its keys, nothing lies about undelivered."""
    health = _asked(lambda: front.ask("node.health"))
    if isinstance(health, str):
        yield Finding("database", FAILED, health)
        return
    yield _database(health)
    yield from _doubts(health)
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
    yield _backup(health, now)
    stuck = health["deliveries"]["dead"] + health["deliveries"]["held"] + health["dead_letters"]
    detail = f"{health['deliveries']['queued']} queued, {stuck} given up"
    if health["dead_letters"]:
        detail += f" ({health['dead_letters']} of them received, and not to be processed)"
    fix = "See obverse deliveries list" if stuck else ""
    yield Finding("deliveries", WARNING if stuck else OK, detail, fix)
    yield _telling(health["telling"])


def _telling(told: JsonObject) -> Finding:
    """Whether what owners chose to be told by mail and by push gets through."""
    if told["troubles"]:
        first = told["troubles"][0]
        said = ", ".join(filter(None, (f"by {first['by']}: {first['what']}", first["detail"])))
        state = "nothing is sent there any more" if first["stopped"] else "it is tried again"
        detail = f"{plural(len(told['troubles']), 'way')} out of order; {said}; {state}"
        return Finding("notices", WARNING, detail, "See Notices → How you are told, and smtp_url.")
    if told["waiting_for_a_server"]:
        return Finding(
            "notices", WARNING, "mail was chosen, but no mail server is named", "Set smtp_url in config.toml."
        )
    mail = "mail can be sent" if told["mail"] else "no mail server is named"
    return Finding("notices", OK, f"{mail}; {plural(told['ways'], 'way')} out beside the pages")


def _database(health: JsonObject) -> Finding:
    store = health["store"]
    if store["refusal"] is not None:
        return Finding("database", FAILED, store["refusal"], "See the system's log for the disk: dmesg")
    if store["shortage"] is not None:
        return Finding("database", FAILED, store["shortage"])
    return Finding("database", OK, f"opens; {plural(len(health['accounts']), 'account')}")


def _doubts(health: JsonObject) -> Iterator[Finding]:
    """What the node itself does not believe, and what it knows to be missing."""
    doubt = health["clock"]["doubt"]
    if doubt is not None:
        fix = "Set it right (timedatectl set-ntp true), or, if it is right now: obverse clock --trust"
        yield Finding("clock", FAILED, f"{doubt}, and is not believed", fix)
    restored = health["restored"]
    if restored is not None:
        yield Finding(
            "restored",
            WARNING,
            f"brought back from a backup of {restored['made_at'][:16]}; what came after is not here",
            "Ask those with whom you deal what they have heard from you since.",
        )


def _backup(health: JsonObject, now: datetime) -> Finding:
    """Whether the last backup would bring everybody back who has a key now."""
    fix = "Make one: obverse backup FILE"
    last = health["backup"]
    if last is None:
        return Finding("backup", WARNING, "none was made by this node", fix)
    at = datetime.fromisoformat(last["at"])
    detail = f"{last['path']}, {plural((now - at).days, 'day')} old"
    if last["keys_since"]:
        lacks = plural(last["keys_since"], "newer key")
        return Finding("backup", WARNING, f"{detail}; it lacks {lacks}", fix)
    if now - at > BACKUP_EVERY:
        return Finding("backup", WARNING, detail, fix)
    return Finding("backup", OK, detail)


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
