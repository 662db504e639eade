"""Looking after a node: what has not left, who follows, who is kept out, what happened."""

from __future__ import annotations

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.render import ago, table, tone

__all__ = ["COMMANDS"]


@command("list", "obverse deliveries list")
@click.option("--all", "everything", is_flag=True, help="Those that were delivered, too.")
def deliveries_list(front: Front, everything: bool) -> None:
    """List messages that wait or were given up, and received ones that could not be read."""
    front.show(front.ask("deliveries.list", all=everything), _show_deliveries)


def _show_deliveries(front: Front, result: JsonObject) -> None:
    rows = [
        (str(job["id"]), job["type"], job["to"], tone(_state(job)), ago(job["created_at"]))
        for job in result["deliveries"]
    ]
    table(front.out, ["No.", "What", "To", "State", "Made"], rows, empty="Nothing waits to be delivered.")
    if result["dead_letters"]:
        front.say("Received, and could not be processed (obverse deliveries resend NO --inbound):")
        table(
            front.out,
            ["No.", "What", "From", "Why", "Received"],
            [
                (str(one["id"]), one["type"], one["from"], one["error"], ago(one["received_at"]))
                for one in result["dead_letters"]
            ],
            empty="",
        )


def _state(job: JsonObject) -> str:
    """Delivery state in words."""
    match job["state"]:
        case "queued" if job["attempts"]:
            return f"queued, trying again {ago(job['due_at'])}: {job['detail']}"
        case "queued":
            return "queued"
        case "delivered":
            return f"delivered {ago(job['settled_at'])}"
        case "held":
            return "held behind an earlier message that was given up"
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


COMMANDS: tuple[click.Command, ...] = (
    group("deliveries", "What has not left, and what could not be read.", deliveries_list, deliveries_resend),
)
