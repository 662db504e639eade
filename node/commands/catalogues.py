"""What a vendor sells, and the rules by which its node answers at once."""

from __future__ import annotations

from decimal import Decimal

import anyio

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.places import read_place
from node.commands.references import category_of, vendor_for
from node.commands.registry import Commands
from node.commands.shown import shown_item, shown_rule
from node.commands.vendor import read_fields
from node.context import Node
from node.desk import Desk
from node.domain.catalogue import MOST_CHARS, CatalogueItem, RowProblem
from node.domain.errors import InvalidInput
from node.domain.matching import MAX_VALID_HOURS, Rule
from node.domain.sheets import items_of, read_sheet
from node.domain.values import parse_quantity
from node.services.importing import import_items

__all__ = ["COMMANDS"]

COMMANDS = Commands()

PROBLEMS_SHOWN = 200
_SHORT = 8


@COMMANDS.command("catalogue.import", "csv dry_run")
async def import_table(node: Node, arguments: Arguments) -> JsonObject:
    """Read a table of items; with any bad cell, each of which is named, nothing is saved."""
    text = arguments.text("csv", MOST_CHARS)
    items, problems = await anyio.to_thread.run_sync(_parse_table, text)  # the node goes on meanwhile
    dry_run = arguments.flag("dry_run")

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        known = desk.tx.catalogue.known(account.id)
        replaced = sum(item.sku in known for item in items)
        save = not problems and not dry_run
        if save:
            import_items(desk, account.id, items, "a table from the command line")
        return {
            "items": len(items),
            "new": len(items) - replaced,
            "replaced": replaced,
            "saved": save,
            "dry_run": dry_run,
            "problems": [_problem(found) for found in problems[:PROBLEMS_SHOWN]],
            "problem_count": len(problems),
        }

    return await node.work(work)


def _parse_table(text: str) -> tuple[list[CatalogueItem], list[RowProblem]]:
    sheet = read_sheet(text)
    return items_of(sheet, sheet.header, {})


def _problem(found: RowProblem) -> JsonObject:
    return {"row": found.row, "column": found.column, "wrong": found.wrong, "right": found.right}


@COMMANDS.command("catalogue.list", "search limit", reads=True)
async def list_items(node: Node, arguments: Arguments) -> JsonObject:
    """What a vendor sells, by name; `search` is a word in name, sku or brand."""
    limit = arguments.whole("limit", 50, least=1, most=10_000)
    search = arguments.maybe_text("search", 100) or ""

    def view(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        items = desk.tx.catalogue.all(account.id, limit=limit, search=search)
        return {
            "items": [shown_item(item) for item in items],
            "count": desk.tx.catalogue.count(account.id),
        }

    return await node.look(view)


# --- rules ------------------------------------------------------------------------------------------------


@COMMANDS.command("rules.list", reads=True)
async def list_rules(node: Node, arguments: Arguments) -> JsonObject:
    rules = await node.look(lambda desk: desk.tx.rules.all(vendor_for(desk, arguments).id))
    return {"rules": [shown_rule(rule) for rule in rules]}


@COMMANDS.command("rules.add", "name category least most place discount valid firm fields text")
async def add_rule(node: Node, arguments: Arguments) -> JsonObject:
    """Let the node answer by itself where item, quantity, stock, time, place and every must fit."""

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        rule = _read_rule(arguments, desk.new_id()[:_SHORT])
        desk.tx.rules.save(account.id, rule)
        return shown_rule(rule)

    return await node.work(work)


def _read_rule(arguments: Arguments, rule_id: str) -> Rule:
    category = arguments.maybe_text("category", 200)
    valid = arguments.maybe_span("valid")
    return Rule(
        id=rule_id,
        name=arguments.text("name", 200),
        category=category_of(category) if category else None,
        min_quantity=_quantity(arguments, "least") or Decimal(1),
        max_quantity=_quantity(arguments, "most"),
        place=read_place(arguments.mapping("place")),
        discount_percent=_percent(arguments),
        valid_hours=72 if valid is None else _hours(valid.total_seconds() / 3600),
        firm=arguments.flag("firm"),
        fields_asked=read_fields(arguments.texts("fields", 20)),
        content=arguments.maybe_text("text", 2000),
    )


def _hours(hours: float) -> int:
    if hours % 1 or not 1 <= hours <= MAX_VALID_HOURS:
        raise InvalidInput("valid", f"{hours:g} hours", "Choose whole hours, from 1h to 30d.")
    return int(hours)


def _quantity(arguments: Arguments, name: str) -> Decimal | None:
    text = arguments.maybe_text(name, 20)
    if text is None:
        return None
    try:
        return parse_quantity(text, "kilogram").value  # any divisible unit: the item's own decides later
    except ValueError as error:
        raise InvalidInput(name, str(error), "Write a number such as 10.") from None


def _percent(arguments: Arguments) -> Decimal:
    text = arguments.maybe_text("discount", 20)
    if text is None:
        return Decimal(0)
    try:
        return parse_quantity(text.removesuffix("%").strip(), "kilogram").value
    except ValueError:
        raise InvalidInput("discount", f"{text!r} is no percentage", "Write 5, or 2.5.") from None


@COMMANDS.command("rules.remove", "rule")
async def remove_rule(node: Node, arguments: Arguments) -> JsonObject:
    """Take a rule away, by its id or its name."""
    reference = arguments.text("rule", 200)

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        named = [rule for rule in desk.tx.rules.all(account.id) if reference in (rule.id, rule.name)]
        if len(named) != 1:
            raise InvalidInput("rule", f"{len(named)} rules are {reference!r}", "See `obverse rules list`.")
        desk.tx.rules.remove(account.id, named[0].id)
        return shown_rule(named[0])

    return await node.work(work)
