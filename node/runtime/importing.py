"""Takes long tables in, part by part, while the node does everything else: nobody waits for the whole.

How far each is lies in the store beside what came in, so that a start after a crash goes on where it stopped.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

import anyio
from anyio.to_thread import run_sync

from node.context import Node
from node.desk import Desk
from node.domain.sheets import Sheet, items_of, read_sheet
from node.services.importing import AT_ONCE, CHANGED, FAULT, GONE, import_part, stop_run, undo_part
from node.store.imports import ImportRun
from node.store.ports import StoreRefused

__all__ = ["import_on", "run_imports"]

LOG = logging.getLogger("obverse")

_REST_S = 30.0
"""Where the store refuses, it is tried again after this."""


async def run_imports(node: Node) -> None:
    """Work on whatever is to come in, until cancelled."""
    goes_on = True
    while goes_on:
        try:
            await import_on(node)
        except StoreRefused:  # it has told of that itself
            await anyio.sleep(_REST_S)
        except Exception:  # no fault of ours must end the taking in
            LOG.exception("taking tables in failed")
            await anyio.sleep(_REST_S)
        else:
            goes_on = await node.tables.next()


async def import_on(node: Node) -> bool:
    """Take in, or back, all that there is; whether there was anything. Raises: StoreRefused."""
    worked = False
    while runs := await node.look(lambda desk: desk.tx.imports.active()):
        run = runs[0]
        try:
            await (_take_back(node, run) if run.is_undo else _take_in(node, run))
        except StoreRefused:
            raise
        except Exception:  # a table that makes us stumble must not keep those behind it waiting
            LOG.exception("an import failed")
            await node.work(partial(_give_up, account=run.account))
        worked = True
    return worked


def _give_up(desk: Desk, account: str) -> None:
    """Stop a run where it is by now."""
    current = desk.tx.imports.run(account)
    if current is not None and current.is_active:
        stop_run(desk, current, FAULT)


async def _take_in(node: Node, run: ImportRun) -> None:
    account = run.account
    upload = await node.look(lambda desk: desk.tx.stocktaking.upload(account))
    if upload is None:
        await node.work(lambda desk: stop_run(desk, run, GONE))
        return
    sheet = await run_sync(read_sheet, upload.text)
    now: ImportRun | None = run
    while now is not None and now.is_active and not now.is_undo:
        now = await _next_part(node, now, sheet)


async def _next_part(node: Node, run: ImportRun, sheet: Sheet) -> ImportRun | None:
    rows = replace(sheet, rows=sheet.rows[run.done : run.done + AT_ONCE])
    items, problems = await run_sync(items_of, rows, run.columns, dict(run.given))
    if problems or not items or run.total != len(sheet.rows):
        await node.work(lambda desk: stop_run(desk, run, CHANGED))
    else:
        await node.work(lambda desk: import_part(desk, run, items))
    return await node.look(lambda desk: desk.tx.imports.run(run.account))


async def _take_back(node: Node, run: ImportRun) -> None:
    now: ImportRun | None = run
    while now is not None and now.is_active and now.is_undo:
        now = await _next_part_back(node, now)


async def _next_part_back(node: Node, run: ImportRun) -> ImportRun | None:
    await node.work(lambda desk: undo_part(desk, run))
    return await node.look(lambda desk: desk.tx.imports.run(run.account))
