"""Posts: what an account says in the fediverse, and what it offers to everybody."""

from __future__ import annotations

from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.person import read_place
from node.cli.render import ago, plural, short_id, table
from node.cli.words import parse_wish

__all__ = ["COMMANDS"]

VISIBILITIES = ("public", "unlisted", "followers", "direct")
_WORDS = 60


@command("new", 'obverse post new "Fresh milk from tomorrow on. #milk"')
@click.argument("text")
@click.option("--to", multiple=True, metavar="HANDLE", help="Whom it names beside those in the words.")
@click.option(
    "--visibility",
    type=click.Choice(VISIBILITIES),
    default="public",
    show_default=True,
    help="Who may read it.",
)
@click.option("--warning", help="What is shown before it.")
@click.option("--language", metavar="en", help="The language that it is in.")
def post_new(front: Front, /, to: tuple[str, ...], **options: Any) -> None:
    """Say something: to everybody, to your followers, or to those whom it names (@name@server)."""
    front.show(
        front.ask("post.new", to=list(to), **options),
        lambda front, made: front.say(f"Said: {made['url']}"),
    )


@command("request", 'obverse post request "child bicycle" --category Q11442 --currency EUR --until 14d')
@click.argument("name")
@click.option("--category", required=True, metavar="ITEM", help="What it is: a Wikidata item such as Q11442.")
@click.option("--quantity", metavar="'2 kilogram'", help="How much of it (default: 1).")
@click.option("--budget", metavar="'300 EUR'", help="The most that you would pay; kept to yourself.")
@click.option("--share-budget", is_flag=True, help="Let everybody see the budget.")
@click.option("--currency", metavar="EUR", help="What you pay in, where you name no budget.")
@click.option("--gift", is_flag=True, help="Nothing is paid.")
@click.option("--service", is_flag=True, help="Somebody is to do something, rather than to hand it over.")
@click.option("--text", help="More words about it.")
@click.option("--until", metavar="WHEN", help="Until when you want answers (default: 14 days).")
@click.option("--due", metavar="WHEN", help="When you need it.")
@click.option("--place", metavar="NAME", help="Where: a name such as Glasgow.")
@click.option("--must", multiple=True, metavar="WISH", help="Has to be.")
@click.option("--nice", multiple=True, metavar="WISH", help="Would be nice.")
def post_request(front: Front, /, must: tuple[str, ...], nice: tuple[str, ...], **options: Any) -> None:
    """Say to everybody, under your own name, what you look for; whoever can help answers the post."""
    wishes = [parse_wish(text, "must") for text in must] + [parse_wish(text, "nice") for text in nice]
    place = read_place(options.pop("place"), None, None)
    front.show(
        front.ask("post.request", wishes=wishes, place=place, **options),
        lambda front, made: front.say(f"Said to everybody: {made['url']}"),
    )


@command("list", "obverse post list --visibility public")
@click.option("--visibility", type=click.Choice(("all", *VISIBILITIES)), default="all", show_default=True)
@click.option("--limit", type=int, default=50, show_default=True, help="At most so many.")
def post_list(front: Front, visibility: str, limit: int) -> None:
    """List what you have said, newest first."""
    front.show(front.ask("post.list", visibility=visibility, limit=limit), _show_posts)


def _show_posts(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Post", "What", "When", "For", "Answers", "Likes", "Words"],
        [
            (
                short_id(one["id"]),
                one["kind"],
                ago(one["published_at"]),
                one["visibility"] + (", pinned" if one["pinned"] else ""),
                str(one["replies"]),
                str(one["likes"]),
                _begin(one["text"] or ""),
            )
            for one in result["posts"]
        ],
        empty='Nothing said yet. Say something: obverse post new "…"',
    )


def _begin(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"


@command("show", "obverse post show 9fYq2b")
@click.argument("post")
def post_show(front: Front, post: str) -> None:
    """Show one post, and what it said before."""
    front.show(front.ask("post.show", post=post), _show_post)


def _show_post(front: Front, one: JsonObject) -> None:
    front.say(one["url"] or one["id"])
    front.say(f"{one['visibility']}, {ago(one['published_at'])}, {plural(one['replies'], 'answer')}")
    if one["warning"]:
        front.say(f"Warning: {one['warning']}")
    front.say(f"\n{one['text'] or ''}")
    for edit in one["edits"]:
        front.say(f"\nUntil {ago(edit['at'])}:\n{edit['text']}")


@command("edit", 'obverse post edit 9fYq2b "Fresh milk from Monday on."')
@click.argument("post")
@click.argument("text")
@click.option("--warning", help="What is shown before it (default: as it was).")
@click.option("--language", metavar="en", help="The language that it is in (default: as it was).")
def post_edit(front: Front, /, **options: Any) -> None:
    """Say it otherwise, to the same readers."""
    front.show(front.ask("post.edit", **options), lambda front, made: front.say(f"Changed: {made['url']}"))


def _do(front: Front, what: str, post: str, said: str) -> None:
    front.show(front.ask(what, post=post), lambda front, _: front.say(said))


@command("delete", "obverse post delete 9fYq2b")
@click.argument("post")
def post_delete(front: Front, post: str) -> None:
    """Take a post or a standing offer back: its readers are told, and its words go."""
    _do(front, "post.delete", post, "Taken back.")


@command("pin", "obverse post pin 9fYq2b")
@click.argument("post")
def post_pin(front: Front, post: str) -> None:
    """Show a post first on your page."""
    _do(front, "post.pin", post, "Pinned.")


@command("unpin", "obverse post unpin 9fYq2b")
@click.argument("post")
def post_unpin(front: Front, post: str) -> None:
    """Show a post where it stands by its date again."""
    _do(front, "post.unpin", post, "No longer pinned.")


@command("offer", 'obverse post offer MILK --for 30d --text "Milk from the hill."')
@click.argument("sku")
@click.option("--for", "lasts", metavar="30d", help="How long it stands (default: 30 days).")
@click.option("--least", help="The least that is sold at once (default: 1).")
@click.option("--price", help="For one (default: the catalogue's).")
@click.option("--text", help="What the post says (default: name and price).")
def post_offer(front: Front, /, **options: Any) -> None:
    """Publish a standing offer of a catalogue item: a post that anybody can read and order from."""
    front.show(
        front.ask("post.add", **options),
        lambda front, made: front.say(f"Published, until {made['ends_at']}: {made['url']}"),
    )


@command("change", "obverse post change 9fYq2b --price 1.50")
@click.argument("offer")
@click.option("--for", "lasts", metavar="30d", help="How long it stands from now on.")
@click.option("--least", help="The least that is sold at once.")
@click.option("--price", help="For one.")
@click.option("--text", help="What the post says below name and price.")
def post_change(front: Front, /, **options: Any) -> None:
    """State a standing offer anew: the same post, and nothing appears twice where it is followed."""
    front.show(
        front.ask("post.change", **options),
        lambda front, made: front.say(f"Changed, until {made['ends_at']}: {made['url']}"),
    )


COMMANDS: tuple[click.Command, ...] = (
    group(
        "post",
        "What you say, and what you offer to everybody.",
        *(post_new, post_request, post_list, post_show, post_edit, post_delete, post_pin, post_unpin),
        *(post_offer, post_change),
    ),
)
