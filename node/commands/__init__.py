"""What can be asked of an open node. Each module of this package holds the commands of one concept.

To add a command: `@COMMANDS.command("deal.ask", "deal text")` above
`async def ask(node: Node, arguments: Arguments) -> JsonObject` in the module of its concept; to add a module:
its `COMMANDS` here.
"""

from __future__ import annotations

from node.commands import (
    accounts,
    admin,
    answers,
    backups,
    catalogues,
    deals,
    deliveries,
    entering,
    evidence,
    examining,
    following,
    person,
    pictures,
    posts,
    reach,
    reading,
    recorded,
    shunning,
    talking,
    vendor,
)
from node.commands.registry import Commands, answer

__all__ = ["answer", "build_commands"]


def build_commands() -> Commands:
    """Every command. Raises: ValueError where two have one name."""
    parts = (
        *(pictures, posts, following, reading, recorded, shunning, talking),
        *(accounts, admin, backups, deliveries, entering, evidence, examining, reach),
        *(answers, catalogues, deals, person, vendor),
    )
    return Commands(*(part.COMMANDS for part in parts))
