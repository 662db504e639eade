"""A table of goods comes in: choose it, name its columns, try it out, import it, undo it."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from anyio.to_thread import run_sync

from node.desk import Desk
from node.domain.catalogue import COLUMNS, CatalogueItem, RowProblem
from node.domain.errors import InvalidInput
from node.domain.sheets import MOST_COLUMNS, Sheet, guess_columns, items_of, read_sheet
from node.domain.values import CURRENCIES, category_iri
from node.services.importing import (
    AT_ONCE,
    Imported,
    begin_import,
    begin_undo,
    import_items,
    keep_upload,
    undo_import,
)
from node.services.setting_up import load_draft
from node.web.fields import attached, choice, optional, text
from node.web.forms import Filled, Form, FormRefused
from node.web.i18n import N_
from node.web.shop.stock import ColumnsView, import_view, last_import, progress_view, trial_of, watch_progress
from node.web.uploads import IMPORT_BYTES
from node.web.visits import Answer, Live, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()

MOST_ROWS = 100_000
PROGRESS = "/my/catalogue/import/progress"
TABLE = optional(attached("table"))
PASTED = optional(text("pasted", most=200_000, lines=True))
SEND = Form(TABLE, PASTED)

PROPERTY = "prop"
_TITLES = {
    "sku": N_("Your code for it"),
    "name": N_("Name"),
    "category": N_("Category (Wikidata)"),
    "price": N_("Price"),
    "currency": N_("Currency"),
    "unit": N_("Unit"),
    "stock": N_("Stock"),
    "lead_days": N_("Days until it is ready"),
    "area": N_("Where it is sold"),
    "condition": N_("Condition"),
    "brand": N_("Brand"),
    "gtin": N_("GTIN (EAN)"),
    "url": N_("Page on the web"),
    "delivery": N_("Delivery costs"),
    PROPERTY: N_("A property of it"),
}
COLUMN = tuple(
    optional(choice(f"c{n}", {name: name for name in (*COLUMNS, PROPERTY)})) for n in range(MOST_COLUMNS)
)
CURRENCY = optional(choice("currency", {code: code for code in CURRENCIES}))
CATEGORY = optional(text("category", most=200))
MAP = Form(*COLUMN, CURRENCY, CATEGORY)
UNDO = Form(text("name", most=200))


@SCREENS.get("/my/catalogue/import", who=Who.VENDOR)
async def import_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: import_view(desk, account))
    return Page("shop/import.html", (view, visit.form_or(UNDO)), visit.form_or(SEND))


@SCREENS.post("/my/catalogue/import", who=Who.VENDOR, upload_bytes=IMPORT_BYTES)
async def receive(visit: Visit) -> Answer:
    """Keep a table until its columns are named; nothing is in the catalogue yet."""
    filled = await visit.read(SEND)
    account, file = visit.viewer.account, filled[TABLE]
    if file is not None:
        name, content = Path(file.name).name[:100] or "table.csv", await file.read()
    else:
        name, content = visit.words("a pasted table"), (filled[PASTED] or "").encode()
    sheet_text = _decoded(content)
    if not sheet_text.strip():
        _ = visit.words
        raise filled.refused("table", _("There is no table."), _("Choose a file, or paste its rows."))
    sheet = await run_sync(_read, sheet_text)
    if not sheet.rows:
        _ = visit.words
        raise filled.refused(
            "table", _("There is nothing below its first line."), _("Add a row for each item.")
        )
    if len(sheet.rows) > MOST_ROWS:
        _ = visit.words
        raise filled.refused(
            "table",
            _.ngettext("It has %(num)s row.", "It has %(num)s rows.", len(sheet.rows)),
            _("Send at most 100,000 at a time."),
        )
    await visit.act(lambda desk: keep_upload(desk, account.id, name, sheet_text))
    return Redirect("/my/catalogue/import/columns")


def _read(text_: str) -> Sheet:
    try:
        return read_sheet(text_)
    except InvalidInput as error:
        raise InvalidInput("table", error.wrong, error.right) from None


def _decoded(content: bytes) -> str:
    """UTF-8, UTF-16 where its mark says so, else what older programs on Windows write."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


# --- naming the columns -----------------------------------------------------------------------------------


@SCREENS.get("/my/catalogue/import/columns", who=Who.VENDOR)
async def columns_page(visit: Visit) -> Answer:
    """The table's columns beside ours; where they were chosen, what an import would do."""
    account = visit.viewer.account
    upload = await visit.look(lambda desk: desk.tx.stocktaking.upload(account.id))
    if upload is None:
        return Redirect("/my/catalogue/import", visit.words("No table waits here any more."), "warn")
    sheet = await run_sync(read_sheet, upload.text)
    is_tried = visit.form is None and "tried" in visit.query
    form = visit.form_or(MAP, _guessed(sheet))
    trial = None
    if is_tried:
        form, items, problems = await _tried(visit, sheet)
        if items is not None:
            known = await visit.look(lambda desk: desk.tx.catalogue.known(account.id))
            trial = trial_of(items, problems, known)
    view = ColumnsView(
        name=upload.name,
        sheet=replace(sheet, rows=sheet.rows[:3]),
        samples=tuple(_sample(sheet, n) for n in range(len(sheet.header))),
        options=tuple((name, visit.words(title)) for name, title in _TITLES.items()),
        currencies=tuple(CURRENCIES),
        trial=trial,
        again=tuple((name, form.value(name)) for name in sorted(MAP.names) if form.value(name)),
    )
    return Page("shop/columns.html", (view, len(sheet.rows)), form)


async def _tried(visit: Visit, sheet: Sheet) -> tuple[Filled, list[CatalogueItem] | None, list[RowProblem]]:
    """What the columns in the address make of the sheet; None items where they were not well chosen."""
    typed = replace(visit.query, by_name={k: v for k, v in visit.query.by_name.items() if k in MAP.names})
    try:
        filled = MAP.read(typed, visit.locale)
        items, problems = await _items(visit, sheet, filled)
    except FormRefused as error:
        return error.filled, None, []
    return filled, items, problems


def _guessed(sheet: Sheet) -> Mapping[str, str]:
    guessed = {
        f"c{n}": PROPERTY if column.startswith("prop.") else column
        for n, column in enumerate(guess_columns(sheet.header))
        if column
    }
    return {**guessed, "currency": "" if "currency" in guessed.values() else "EUR"}


def _sample(sheet: Sheet, column: int) -> str:
    cells = (row[column].strip() for row in sheet.rows[:20] if column < len(row))
    return ", ".join([cell[:40] for cell in cells if cell][:3])


async def _items(visit: Visit, sheet: Sheet, filled: Filled) -> tuple[list[CatalogueItem], list[RowProblem]]:
    columns, given = _named(visit, sheet, filled)
    return await run_sync(items_of, sheet, columns, given)


def _named(visit: Visit, sheet: Sheet, filled: Filled) -> tuple[tuple[str, ...], dict[str, str]]:
    """What each column is, and what every row gets. Raises: FormRefused."""
    columns = tuple(_column(filled, n, title) for n, title in enumerate(sheet.header))
    given: dict[str, str] = {}
    if filled[CURRENCY]:
        given["currency"] = filled[CURRENCY] or ""
    if filled[CATEGORY]:
        category = category_iri(filled[CATEGORY])
        if category is None:
            _ = visit.words
            raise filled.refused(
                "category", _("This is no item of Wikidata."), _("Write it as %(example)s.", example="Q11442")
            )
        given["category"] = category
    return columns, given


def _column(filled: Filled, number: int, title: str) -> str:
    chosen = filled[COLUMN[number]] or ""
    if chosen != PROPERTY:
        return chosen
    return title if title.startswith("prop.") else f"prop.{title[:60]}"


@SCREENS.post("/my/catalogue/import/columns", who=Who.VENDOR)
async def bring_in(visit: Visit) -> Answer:
    """Import the table as it was tried; with any bad cell nothing is saved."""
    filled = await visit.read(MAP)
    account, words = visit.viewer.account, visit.words
    upload = await visit.look(lambda desk: desk.tx.stocktaking.upload(account.id))
    if upload is None:
        return Redirect("/my/catalogue/import", words("No table waits here any more."), "warn")
    sheet = await run_sync(read_sheet, upload.text)
    items, problems = await _items(visit, sheet, filled)
    if problems or not items:
        raise filled.refused(
            "", words("It cannot be imported like this."), words("Try it out, and mend what is named.")
        )

    def work(desk: Desk) -> tuple[Imported, bool]:
        draft = load_draft(desk)
        is_setting_up = draft is not None and draft.account == account.id
        return import_items(desk, account.id, items, upload.name), is_setting_up

    if len(items) > AT_ONCE:
        return await _let_in(visit, upload.name, sheet, filled)
    done, is_setting_up = await visit.act(work)
    new = words.ngettext("%(num)s item is new", "%(num)s items are new", done.added)
    old = words.ngettext("%(num)s replaces a known one", "%(num)s replace known ones", done.replaced)
    # Whoever came from the first run goes on with it.
    back = "/setup/goods" if is_setting_up else "/my/catalogue"
    return Redirect(back, words("Imported: %(new)s, %(old)s.", new=new, old=old))


async def _let_in(visit: Visit, name: str, sheet: Sheet, filled: Filled) -> Answer:
    """A long table comes in part by part, and its owner looks on or does something else."""
    account = visit.viewer.account
    columns, given = _named(visit, sheet, filled)
    await visit.act(lambda desk: begin_import(desk, account.id, name, columns, given, len(sheet.rows)))
    visit.node.tables.happened()
    return Redirect(PROGRESS)


@SCREENS.get(PROGRESS, who=Who.VENDOR)
async def progress_page(visit: Visit) -> Answer:
    """How far a long table is: pages with a script are told of each part, others load themselves again."""
    account = visit.viewer.account
    view = await visit.look(lambda desk: progress_view(desk, account))
    if view is None:
        return Redirect("/my/catalogue/import")
    return Page("shop/progress.html", view, fragment="state")


@SCREENS.get(f"{PROGRESS}/changes", who=Who.VENDOR)
async def progress_changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_progress(desk, account))


@SCREENS.post("/my/catalogue/import/undo", who=Who.VENDOR, again=import_page)
async def undo(visit: Visit) -> Answer:
    """Bring back what the last import replaced; it is asked for by the name of its table."""
    filled = await visit.read(UNDO)
    account, words = visit.viewer.account, visit.words

    def work(desk: Desk) -> bool:
        last = last_import(desk, account)
        if last is not None and last.name != filled.value("name"):
            raise filled.refused(
                "name", words("That is another name."), words("Write %(name)s.", name=last.name)
            )
        if last is not None and last.is_long:
            begin_undo(desk, account.id)
            return True
        undo_import(desk, account.id)
        return False

    if await visit.act(work):
        visit.node.tables.happened()
        return Redirect(PROGRESS)
    return Redirect("/my/catalogue", words("The last import is undone."))
