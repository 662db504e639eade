"""Looking after a node: what has not left, who follows, who is kept out, what happened."""

from __future__ import annotations

from datetime import datetime

import click

from federation.messages import JsonObject
from node.cli.blocklists import block_export, block_import
from node.cli.front import Front, command, group
from node.cli.render import ago, plural, short_id, span, table, tone

__all__ = ["COMMANDS", "delivery_words", "spread_words"]


@command("list", "obverse deliveries list")
@click.option("--all", "everything", is_flag=True, help="Those that were delivered, too.")
def deliveries_list(front: Front, everything: bool) -> None:
    """List messages that wait or were given up, and received ones that could not be read."""
    front.show(front.ask("deliveries.list", all=everything), _show_deliveries)


def _show_deliveries(front: Front, result: JsonObject) -> None:
    rows = [
        (str(job["id"]), job["type"], job["to"], tone(delivery_words(job)), ago(job["created_at"]))
        for job in result["deliveries"]
    ]
    table(front.out, ["No.", "What", "To", "State", "Made"], rows, empty="Nothing waits to be delivered.")
    can = {word for job in result["deliveries"] for word in job["can"]}
    if "resend" in can:
        front.say("Try a given-up or held one again: obverse deliveries resend NO")
    if "drop" in can:
        front.say("Let go of one: obverse deliveries drop NO")
    if result["posts"]:
        front.say("To many at once:")
        table(
            front.out,
            ["What", "Reached", "State", "Made"],
            [
                (
                    one["type"],
                    f"{one['delivered']} of {one['inboxes']} inboxes",
                    tone(spread_words(one)),
                    ago(one["created_at"]),
                )
                for one in result["posts"]
            ],
            empty="",
        )
    if result["dead_letters"]:
        front.say("Received, and could not be processed (obverse deliveries resend or drop NO --inbound):")
        table(
            front.out,
            ["No.", "What", "From", "Why", "Received"],
            [
                (str(one["id"]), one["type"], one["from"], one["error"], ago(one["received_at"]))
                for one in result["dead_letters"]
            ],
            empty="",
        )


def spread_words(post: JsonObject) -> str:
    """Where something stands that goes to many, in words."""
    failed = f"; {post['failed']} given up" if post["failed"] else ""
    if post["taken_back_at"]:
        return f"taken back {ago(post['taken_back_at'])}{failed}"
    if not post["is_spread"]:
        return f"still counting its inboxes{failed}"
    return (f"{post['waiting']} to go" if post["waiting"] else "delivered") + failed


def delivery_words(job: JsonObject) -> str:
    """Delivery state in words."""
    match job["stage"]:
        case "turn":
            return "waiting for its turn"
        case "time":
            return f"leaves {ago(job['next_at'])}"
        case "retry":
            return f"trying again {ago(job['next_at'])}, because: {job['detail']}"
        case "silent":
            return (
                f"waiting since {job['host']} does not answer ({plural(job['failures'], 'failure')},"
                f" the first {ago(job['silent_since'])}); next try {ago(job['next_at'])}"
            )
        case "order":
            return "waiting for an earlier message of the same deal"
        case "delivered":
            return f"delivered {ago(job['settled_at'])}"
        case "held":
            return "held behind an earlier message that was given up"
        case "stopped":
            return f"stopped before it was sent {ago(job['settled_at'])}: {job['detail']}"
        case "dropped":
            return f"dropped {ago(job['settled_at'])}"
        case "expired":
            tried = datetime.fromisoformat(job["settled_at"]) - datetime.fromisoformat(job["created_at"])
            return f"given up after {span(tried)} and {plural(job['attempts'], 'try')}: {job['detail']}"
        case _:
            return f"given up: {job['detail']}"


@command("resend", "obverse deliveries resend 17")
@click.argument("number", type=int)
@click.option("--inbound", is_flag=True, help="A received message that could not be processed.")
def deliveries_resend(front: Front, number: int, inbound: bool) -> None:
    """Try a given-up message again, with those held behind it."""
    front.show(
        front.ask("deliveries.resend", id=number, inbound=inbound),
        lambda front, done: front.say(f"{done['id']}: {done['state']}."),
    )


@command("drop", "obverse deliveries drop 17")
@click.argument("number", type=int)
@click.option("--inbound", is_flag=True, help="A received message that could not be processed.")
def deliveries_drop(front: Front, number: int, inbound: bool) -> None:
    """Let go of a message that has not left; what it held back goes on."""
    front.show(
        front.ask("deliveries.drop", id=number, inbound=inbound),
        lambda front, done: front.say(f"{done['id']}: {done['state']}."),
    )


# --- blocks, notices --------------------------------------------------------------------------------------


@command("add", "obverse block add spam.example --reason 'unasked advertising'")
@click.argument("domain")
@click.option("--reason", help="For yourself.")
def block_add(front: Front, domain: str, reason: str | None) -> None:
    """Take nothing more from a domain and those below it."""
    front.show(
        front.ask("block.add", domain=domain, reason=reason),
        lambda front, done: front.say(
            f"{done['domain']} is blocked. Undo: obverse block remove {done['domain']}"
        ),
    )


@command("list", "obverse block list")
def block_list(front: Front) -> None:
    """List the blocked domains."""
    front.show(front.ask("block.list"), _show_blocks)


def _show_blocks(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Domain", "Why", "Since"],
        [(one["domain"], one["reason"] or "-", ago(one["at"])) for one in result["blocks"]],
        empty="No domain is blocked.",
    )


@command("remove", "obverse block remove spam.example")
@click.argument("domain")
def block_remove(front: Front, domain: str) -> None:
    """Hear a domain again."""
    front.show(
        front.ask("block.remove", domain=domain),
        lambda front, done: front.say(f"{done['domain']} is no longer blocked."),
    )


@command("notices", "obverse notices")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def notices(front: Front, limit: int) -> None:
    """List what happened of late, newest first."""
    front.show(front.ask("notices.list", limit=limit), _show_notices)


def _show_notices(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["When", "What", "Deal"],
        [(ago(one["at"]), one["text"], short_id(one["deal"])) for one in result["notices"]],
        empty="Nothing has happened yet.",
    )


COMMANDS: tuple[click.Command, ...] = (
    group(
        "deliveries",
        "What has not left, and what could not be read.",
        deliveries_list,
        deliveries_resend,
        deliveries_drop,
    ),
    group(
        "block",
        "Whom this node does not hear.",
        block_add,
        block_list,
        block_remove,
        block_import,
        block_export,
    ),
    notices,
)
