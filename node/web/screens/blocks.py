"""Which servers this node does not hear, and lists of them that others share: looked at before they count."""

from __future__ import annotations

from dataclasses import dataclass

from node.desk import Desk
from node.web.fields import attached, hidden, optional, text
from node.web.forms import Filled, Form
from node.web.i18n import N_
from node.web.relation_views import BlocksView, blocks_view
from node.web.uploads import IMPORT_BYTES
from node.web.visits import Answer, Download, Forbidden, Page, Redirect, Screens, Visit
from node.workflows.blocking import block_domain, unblock_domain
from node.workflows.blocklists import BlockLine, Verdict, apply_blocklist, compare_blocklist, write_blocklist

__all__ = ["SCREENS"]

SCREENS = Screens()

MOST_LIST = 1_000_000
LINES_SHOWN = 300
_PAGE = "/my/settings/blocks"
_KEPT = "blocklist-looked-at"
"""The row of `meta` with the list that was looked at last: what is taken over is that, and nothing else."""

DOMAIN = text("domain", most=300)
REASON = optional(text("reason", most=200))
ADD = Form(DOMAIN, REASON)
WHICH = hidden("domain", most=300)
REMOVE = Form(WHICH)
TABLE = optional(attached("table"))
PASTED = optional(text("pasted", most=100_000, lines=True))
LOOK = Form(TABLE, PASTED)
APPLY = Form()

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.NEW: (N_("will be blocked"), "warn"),
    Verdict.KNOWN: (N_("blocked already"), ""),
    Verdict.TWICE: (N_("stands twice"), ""),
    Verdict.WEAKER: (N_("only limited there: this node hears a server or does not"), ""),
    Verdict.HIDDEN: (N_("its name is hidden behind stars"), ""),
    Verdict.OURS: (N_("is this node itself"), "bad"),
    Verdict.WRONG: (N_("is no domain"), "bad"),
}


@dataclass(frozen=True, slots=True)
class ListView:
    """A list, line by line; what will be blocked first. `more` are not shown."""

    lines: tuple[tuple[BlockLine, str, str], ...]
    new: int
    others: int
    more: int


def _list_view(lines: tuple[BlockLine, ...]) -> ListView:
    ordered = sorted(lines, key=lambda line: (not line.is_taken, line.number))
    new = sum(line.is_taken for line in lines)
    shown = tuple((line, *VERDICTS[line.verdict]) for line in ordered[:LINES_SHOWN])
    return ListView(shown, new, len(lines) - new, max(len(lines) - LINES_SHOWN, 0))


async def _may(visit: Visit) -> BlocksView:
    """What is blocked is so for everybody here: whoever does not live alone asks whoever runs the node."""
    view = await visit.look(blocks_view)
    if not view.may:
        raise Forbidden(visit.words("Several live on this node: whoever runs it decides. obverse block"))
    return view


@SCREENS.get(_PAGE)
async def blocks(visit: Visit) -> Answer:
    view = await visit.look(blocks_view)
    return Page("people/blocks.html", (view, visit.form_or(ADD)), visit.form_or(LOOK))


@SCREENS.post(_PAGE)
async def add(visit: Visit) -> Answer:
    filled, _ = await visit.read(ADD), visit.words
    await _may(visit)
    domain = await block_domain(visit.node, filled[DOMAIN], filled[REASON] or "")
    return Redirect(_PAGE, _("%(domain)s is blocked: nothing from it reaches you.", domain=domain))


@SCREENS.post(f"{_PAGE}/remove", again=blocks)
async def remove(visit: Visit) -> Answer:
    filled, _ = await visit.read(REMOVE), visit.words
    await _may(visit)
    domain = await unblock_domain(visit.node, filled[WHICH])
    return Redirect(_PAGE, _("%(domain)s is heard again.", domain=domain))


@SCREENS.get(f"{_PAGE}/list")
async def export(visit: Visit) -> Answer:
    """The list as other servers take it over."""
    await _may(visit)
    written = await write_blocklist(visit.node)
    return Download(written.encode(), f"{visit.node.config.host}-blocks.csv", "text/csv; charset=utf-8")


@SCREENS.post(f"{_PAGE}/look", again=blocks, upload_bytes=IMPORT_BYTES)
async def look(visit: Visit) -> Answer:
    """Compare a list with what is blocked, and keep it until its owner says so; nothing is blocked yet."""
    filled = await visit.read(LOOK)
    await _may(visit)
    given = await _given(visit, filled)
    await compare_blocklist(visit.node, given)
    await visit.act(lambda desk: desk.tx.meta.set(_KEPT, given))
    return Redirect(f"{_PAGE}/look")


async def _given(visit: Visit, filled: Filled) -> str:
    """The list as it came. Raises: FormRefused."""
    file, _ = filled[TABLE], visit.words
    given = (await file.read()).decode("utf-8", "replace") if file is not None else filled[PASTED] or ""
    if not given.strip():
        raise filled.refused("table", _("This is empty."), _("Choose a file, or paste its lines."))
    if len(given) > MOST_LIST:
        raise filled.refused("table", _("This list is too long."), _("Take it over in parts."))
    return given


@SCREENS.get(f"{_PAGE}/look")
async def looked(visit: Visit) -> Answer:
    """What taking over the kept list would change."""
    await _may(visit)
    kept = await visit.look(_kept)
    if not kept:
        return Redirect(_PAGE)
    return Page("people/blocklist.html", _list_view(await compare_blocklist(visit.node, kept)))


def _kept(desk: Desk) -> str:
    return desk.tx.meta.get(_KEPT) or ""


@SCREENS.post(f"{_PAGE}/apply", again=looked)
async def apply(visit: Visit) -> Answer:
    """Take over the list that was looked at."""
    await visit.read(APPLY)
    await _may(visit)
    kept, _ = await visit.look(_kept), visit.words
    if not kept:
        return Redirect(_PAGE, _("There is no list any more. Send it again."), "warn")
    lines = await apply_blocklist(visit.node, kept)
    await visit.act(lambda desk: desk.tx.meta.set(_KEPT, ""))
    new = sum(line.is_taken for line in lines)
    return Redirect(_PAGE, _.ngettext("%(num)s server is blocked.", "%(num)s servers are blocked.", new))
