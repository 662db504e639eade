"""Making and running a node."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import anyio
import click

from federation.messages import JsonObject
from node.cli import late
from node.cli.front import Front, command, secret
from node.config import load_config, make_config
from node.observability.logs import configure_logs, hold_standard_files, log_uncaught
from node.store.ports import StoreRefused

__all__ = ["COMMANDS"]


@command("init", "obverse init --url https://ana.example --name ana --display 'Ana'")
@click.option("--url", required=True, help="The public address of the node; it cannot be changed later.")
@click.option("--kind", type=click.Choice(["person", "vendor"]), default="person", show_default=True)
@click.option("--name", help="The first account: a-z, 0-9 and _; @NAME@ana.example is its handle.")
@click.option("--display", help="Its name as others read it.")
@click.option("--summary", help="A line about it.")
@click.option(
    "--accepts", multiple=True, help="What a vendor accepts (default: the whole roster of agreements)."
)
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT")
@click.option("--allow", multiple=True, metavar="HOST:PORT", help="For closed networks: may be reached.")
@click.option("--resolve", multiple=True, metavar="HOST=IP", help="For closed networks: a fixed address.")
@click.option("--cast-spread", type=float, default=60.0, show_default=True, help="Seconds.")
@click.option("--tls-cert", type=click.Path(dir_okay=False), help="PEM; without it a proxy speaks TLS.")
@click.option("--tls-key", type=click.Path(dir_okay=False))
@click.option("--ca-file", type=click.Path(dir_okay=False), help="A further authority to trust, PEM.")
def init(front: Front, /, **options: Any) -> None:
    """Make a new node: settings, keys, database, and its first account."""
    config = make_config(front.data.absolute(), _settings(options))
    account = {key: options[key] for key in ("name", "display", "summary", "kind")}
    account["terms"] = list(options["accepts"])
    made = anyio.run(lambda: late.found(config, account, lambda text: None))
    front.show({"data": str(config.data_dir), "url": config.base_url, **made}, _show_made)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    host, _, port = str(options["bind"]).rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter("write HOST:PORT, such as 127.0.0.1:8000", param_hint="--bind")
    names = {}
    for pair in options["resolve"]:
        name, equals, address = pair.partition("=")
        if not equals:
            raise click.BadParameter("write HOST=IP", param_hint="--resolve")
        names[name] = address
    files = {
        key: str(Path(str(options[key])).absolute())
        for key in ("tls_cert", "tls_key", "ca_file")
        if options[key]
    }
    return {
        "base_url": str(options["url"]),
        "bind_host": host.strip("[]"),
        "bind_port": int(port),
        "allowed": list(options["allow"]),
        "names": names,
        "cast_spread_s": options["cast_spread"],
        **files,
    }


def _show_made(front: Front, made: JsonObject) -> None:
    front.say(f"The node {made['url']} is made, in {made['data']}.")
    if made["account"]:
        front.say(f"Its account is {made['account']['handle']} ({made['account']['kind']}).")
    else:
        front.say("It has no account yet: obverse user add NAME")
    front.say("Start it with: obverse serve")


@command("serve", "obverse serve")
def serve_node(front: Front, /) -> None:
    """Run the node until Ctrl-C or SIGTERM."""
    hold_standard_files()
    config = load_config(front.data)
    configure_logs(level=logging.getLevelNamesMapping()[config.log_level.upper()], speaking=(StoreRefused,))
    log_uncaught()

    def say(words: str) -> None:
        try:
            print(words, flush=True)
        except OSError:  # a full disk under what we say is no reason not to serve, nor to end with a failure
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def invite(link: str) -> None:
        say(f"Nobody can log in yet. Set it up in a browser, within a day:\n{link}")

    anyio.run(lambda: late.serve_node(config, say, invite), backend_options={"use_uvloop": True})


# --- keeping it safe --------------------------------------------------------------------------------------


@command("backup", "obverse backup /media/stick/ana.backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(front: Front, file: Path) -> None:
    """Save database, keys and settings in one file under a passphrase, while the node runs.

    The passphrase is asked for, or read from a pipe. Without it the file is worth nothing: keep it elsewhere.
    """
    done = front.ask("node.backup", path=str(file.absolute()), passphrase=secret("Passphrase", confirm=True))
    front.show(
        done, lambda front, done: front.say(f"Saved in {done['path']} ({done['size_bytes'] // 1024} KiB).")
    )


@command("restore", "obverse restore /media/stick/ana.backup --data ~/.local/share/obverse")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(front: Front, file: Path) -> None:
    """Bring a node back from a backup, into a data directory that holds none."""
    restored = late.restore(file, secret("Passphrase"), front.data.absolute())
    done = {"data": str(front.data.absolute()), "made_at": restored.made_at.isoformat(timespec="seconds")}
    front.show(
        done,
        lambda front, done: front.say(
            f"The node of {done['made_at']} is back in {done['data']}. Start it with: obverse serve"
        ),
    )


# --- seeing it work ---------------------------------------------------------------------------------------


@command("demo", "obverse demo --once")
@click.option("--once", is_flag=True, help="End when the story has been told.")
@click.option("--port", type=click.IntRange(1024, 65000), help="The first of its ports (else free ones).")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the four nodes' data here."
)
def demo(front: Front, once: bool, port: int | None, keep: Path | None) -> int:
    """Watch a person and three vendors, four nodes, strike a deal on this machine."""
    return late.play_demo(once=once, base_port=port or 0, keep=keep)


COMMANDS: tuple[click.Command, ...] = (init, serve_node, backup, restore, demo)
