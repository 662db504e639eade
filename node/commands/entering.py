"""Links that let somebody in, once: whoever may speak to the node by its socket may make one."""

from __future__ import annotations

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.values import format_time
from node.services.accounts import find_account
from node.services.entering import Link, make_log_in_link, make_set_up_link, needs_set_up

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("login.link")
async def log_in_link(node: Node, arguments: Arguments) -> JsonObject:
    """A link that logs in as an account, once."""

    def make(desk: Desk) -> tuple[str, Link]:
        account = find_account(desk, arguments.account)
        return account.name, make_log_in_link(desk, account)

    name, link = await node.work(make)
    return {"name": name, "url": link.url, "until": format_time(link.until)}


@COMMANDS.command("setup.link")
async def set_up_link(node: Node, arguments: Arguments) -> JsonObject:
    """A link to set the node up, which ends earlier ones."""
    link = await node.work(make_set_up_link)
    return {"url": link.url, "until": format_time(link.until)}


@COMMANDS.command("setup.needed", reads=True)
async def is_set_up_needed(node: Node, arguments: Arguments) -> JsonObject:
    """Whether nobody can log in yet."""
    return {"needed": await node.look(needs_set_up)}
