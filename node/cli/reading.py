"""What those whom you follow say: reading, liking, passing on, answering."""

from __future__ import annotations

import click

from federation.messages import JsonObject
from node.cli.front import Front, Group, command, front_of
from node.cli.render import ago

__all__ = ["COMMANDS"]

VISIBILITIES = ("direct", "unlisted", "public")


def _show(front: Front, result: JsonObject) -> None:
    if not result["readings"]:
        front.say("Nothing yet. What those say whom you follow comes here: obverse follow @shop@shop.example")
    for one in result["readings"]:
        by = f"{one['by']}, passed on by {one['shared_by']}" if one["shared_by"] else one["by"]
        states = (
            ("edited", "edited"),
            ("is_offer", "to buy"),
            ("liked", "you like it"),
            ("shared", "passed on"),
        )
        marks = [one["visibility"], *(words for name, words in states if one[name])]
        front.say(f"\n{one['number']}  {by}, {ago(one['at'])} ({', '.join(marks)})")
        for words in (one["title"], f"[{one['warning']}]" if one["warning"] else "", one["text"]):
            for line in words.splitlines():
                front.say(f"    {line}")
        for picture in one["pictures"]:
            front.say(f"    [{picture['alt'] or 'a picture without words'}] {picture['url']}")
        front.say(f"    {one['url']}")
    if result["readings"]:
        front.note(f"Older ones: obverse reading --before {result['readings'][-1]['number']}")


@command("answer", 'obverse reading answer 42 "Is it still to be had?"')
@click.argument("post", metavar="NUMBER")
@click.argument("text")
@click.option("--visibility", type=click.Choice(VISIBILITIES), help="Who may read it (default: as the post).")
@click.option("--warning", metavar="WORDS", help="What it is about, before the words are shown.")
def reading_answer(front: Front, post: str, text: str, visibility: str | None, warning: str | None) -> None:
    """Answer a post, for whoever may read it."""
    front.show(
        front.ask("reading.answer", post=post, text=text, visibility=visibility, warning=warning),
        lambda front, done: front.say(f"Answered ({done['visibility']}): {done['id']}"),
    )


def _acting(name: str, what: str, told: str) -> click.Command:
    @command(name, f"obverse {name} 42")
    @click.argument("post", metavar="NUMBER")
    def run(front: Front, post: str) -> None:
        front.show(
            front.ask(f"reading.{name}", post=post),
            lambda front, done: front.say(told.format(post=done["post"])),
        )

    run.help = what
    return run


def _reading(context: click.Context, before: int | None, limit: int | None) -> None:
    if context.invoked_subcommand is None:
        front = front_of(context)
        front.show(front.ask("reading.list", before=before, limit=limit), _show)


reading = Group(
    "reading",
    commands=[reading_answer],
    help="Read what those say and pass on whom you follow, the newest first.",
    invoke_without_command=True,
    callback=click.pass_context(_reading),
    params=[
        click.Option(["--before"], type=int, metavar="NUMBER", help="What is older than this one."),
        click.Option(["--limit"], type=int, metavar="N", help="So many (default: 40)."),
    ],
)

COMMANDS: tuple[click.Command, ...] = (
    reading,
    _acting("like", "Like a post of somebody whom you follow; its author is told.", "You like it: {post}"),
    _acting("unlike", "Like it no longer.", "You like it no longer: {post}"),
    _acting("share", "Pass a post on to those who follow you.", "Passed on: {post}"),
    _acting("unshare", "Pass it on no longer.", "No longer passed on: {post}"),
)
