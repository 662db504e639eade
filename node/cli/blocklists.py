"""Lists of blocked domains, as servers share them."""

from __future__ import annotations

from pathlib import Path

import click

from federation.messages import JsonObject
from node.cli.front import Front, command
from node.cli.render import plural, table

__all__ = ["block_export", "block_import"]

_MOST_SHOWN = 200
_WHY = {
    "new": "will be blocked",
    "known": "blocked already",
    "twice": "stands twice",
    "weaker": "only limited there: this node hears a domain or does not",
    "hidden": "its name is hidden behind stars",
    "ours": "is this node itself",
    "wrong": "is no domain",
}
_DONE = {**_WHY, "new": "blocked"}


@command("import", "obverse block import blocks.csv --apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--apply", is_flag=True, help="Take it over; without it you see what would change.")
def block_import(front: Front, file: Path, apply: bool) -> None:
    """Take over a list of domains, in Mastodon's shape. Without --apply nothing changes."""
    text = file.read_text(encoding="utf-8", errors="replace")
    front.show(front.ask("block.import", csv=text, apply=apply), _show_lines)


def _show_lines(front: Front, result: JsonObject) -> None:
    words = _DONE if result["applied"] else _WHY
    lines = result["lines"]
    table(
        front.out,
        ["Line", "Domain", "What"],
        [
            (str(one["line"]), one["domain"] or one["text"], words[one["verdict"]])
            for one in lines[:_MOST_SHOWN]
        ],
        empty="The list names nobody.",
    )
    if len(lines) > _MOST_SHOWN:
        front.say(f"… and {plural(len(lines) - _MOST_SHOWN, 'more line')}; all of them: --json")
    new = result["counts"].get("new", 0)
    if result["applied"]:
        front.say(f"{plural(new, 'domain')} blocked.")
    else:
        front.say(f"{plural(new, 'domain')} would be blocked. Nothing was changed; do it with --apply.")


@command("export", "obverse block export > blocks.csv")
def block_export(front: Front) -> None:
    """Write the blocked domains as a list that other servers can take over."""
    front.show(front.ask("block.export"), lambda front, done: click.echo(done["csv"], nl=False))
