"""Whether this node can be found from outside, asked the way that others ask."""

from __future__ import annotations

from federation.errors import FederationError
from federation.messages import HttpMessage, JsonObject
from federation.vocab import ACTIVITY_JSON
from federation.webfinger import lookup, parse_handle
from node.commands.arguments import Arguments
from node.commands.registry import Commands
from node.context import Node

__all__ = ["COMMANDS"]

COMMANDS = Commands()


@COMMANDS.command("node.reach", reads=True)
async def reach(node: Node, arguments: Arguments) -> JsonObject:
    """Fetch our own actor, and look up each account's handle, through the network."""
    accounts = await node.look(lambda desk: desk.tx.accounts.all())
    problems = []
    try:
        await node.fetcher.fetch(node.config.node_actor)
    except (FederationError, OSError) as error:
        problems.append({"what": node.config.node_actor, "error": str(error)})
    scheme = node.config.base_url.partition("://")[0]
    for account in accounts[:20]:
        handle = f"@{account.name}@{node.config.host}"
        try:
            found = await lookup(node.fetcher, parse_handle(handle), scheme=scheme)
            if found != account.id:
                problems.append({"what": handle, "error": f"names {found}"})
        except (FederationError, OSError) as error:
            problems.append({"what": handle, "error": str(error)})
    if not problems:
        problems += await _body_limit(node)
    return {"asked": 2 + len(accounts[:20]), "problems": problems}


async def _body_limit(node: Node) -> list[JsonObject]:
    """Whether the largest message that we take reaches us: a proxy's own limit would refuse it unseen."""
    inbox = f"{node.config.base_url}/inbox"
    body = b" " * node.config.limits.inbox_body_bytes
    try:
        answered = await node.client.send(
            HttpMessage.request("POST", inbox, {"content-type": ACTIVITY_JSON}, body)
        )
    except (FederationError, OSError) as error:
        return [{"what": inbox, "error": str(error)}]
    if answered.status != 401:  # it bears no signature, and only the node itself looks for one
        limit = f"a message of {len(body) // 1024} KiB is answered {answered.status}"
        return [{"what": inbox, "error": f"{limit}: let the proxy take as much as the node does"}]
    return []
