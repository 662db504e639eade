"""A person's vendors: the list, looking somebody up and adding them, one vendor, taking one off the list.

A look-up asks other servers, so no stranger's link starts one: what comes from elsewhere is shown in the form
and asked again (`security U03`).
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from node.desk import Desk
from node.domain.accounts import Account
from node.services.following import approve_follow, end_follow
from node.services.followings import follow, unfollow
from node.web.fields import choice, hidden, text
from node.web.forms import Filled, Form
from node.web.i18n import N_
from node.web.vendor_views import (
    FoundView,
    VendorView,
    code_view,
    find_vendor,
    lacking_of,
    term_lines,
    vendor_page,
    vendor_view,
    vendors_view,
)
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who
from node.workflows.acquaintance import Acquaintance, Unknown, Why, keep, look_up
from node.workflows.blocking import block_domain, unblock_domain
from node.workflows.whom import find_followable

__all__ = ["SCREENS", "TROUBLES"]

SCREENS = Screens()

_MOST = 500
LOOK = Form(text("who", most=_MOST))
ACTOR, MARK = hidden("actor", most=2000), hidden("mark", most=100)
KEEP = Form(ACTOR, MARK)
AGAIN = Form()
MAY = choice("may", {"yes": True, "no": False})
FOLLOW = Form(MAY)

TROUBLES: dict[Why, tuple[str, str]] = {
    Why.ADDRESS: (
        N_("This is neither a handle nor a link."),
        N_("A handle looks like @shop@shop.example; a link begins with https://."),
    ),
    Why.NOBODY: (
        N_("The server answers, but knows nobody by this name."),
        N_("Compare it with what stands on their page or receipt, letter by letter."),
    ),
    Why.SILENT: (
        N_("Their server does not answer."),
        N_("Check the part after the last @, or try again in a few minutes."),
    ),
    Why.CLOSED: (
        N_("This address is not on the public internet, so it is not opened."),
        N_("Use the address by which everybody reaches them."),
    ),
    Why.BLOCKED: (
        N_("This node does not hear this server: it was blocked."),
        N_("Whoever runs your node can lift that: obverse block remove."),
    ),
    Why.SELF: (N_("This is you."), N_("Give the vendor’s handle; your own is for them.")),
}


# --- the list ---------------------------------------------------------------------------------------------


@SCREENS.get("/my/vendors", who=Who.PERSON)
async def vendors(visit: Visit) -> Answer:
    account, find = visit.viewer.account, visit.query.first("find").strip()[:100]
    page = visit.query.first("page")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1
    view = await visit.look(lambda desk: vendors_view(desk, account, find, max(number, 1)))
    return Page("vendors/list.html", view, fragment="list")


# --- somebody new -----------------------------------------------------------------------------------------


@SCREENS.get("/my/vendors/add", who=Who.PERSON)
async def add_page(visit: Visit) -> Answer:
    """Asks only, so that a link from anywhere may lead here with somebody's address in it."""
    who = visit.query.first("who").strip()[:_MOST]
    return Page("vendors/add.html", FoundView(who), LOOK.blank({"who": who}))


@SCREENS.get("/my/vendors/found", who=Who.PERSON)
async def found_page(visit: Visit) -> Answer:
    """Ask their server, and show who is there."""
    who = visit.query.first("who").strip()[:_MOST]
    if visit.method == "GET" and visit.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return Redirect(f"/my/vendors/add?who={quote(who, safe='')}")
    form = LOOK.blank({"who": who})
    if not who:
        return _not_found(visit, who, form, visit.words("This is empty."), visit.words("Please fill it in."))
    try:
        found = await look_up(visit.node, visit.viewer.account, who)
    except Unknown as error:
        return _not_found(visit, who, form, *_said(visit, error.why))
    account = visit.viewer.account
    terms, lacking = await visit.look(
        lambda desk: (term_lines(desk, account, found.contact), lacking_of(desk, account, found.contact))
    )
    action = f"/my/vendors/found?who={quote(who, safe='')}"
    view = FoundView(who, found, _mark_of(found), terms, lacking, action)
    return Page("vendors/add.html", view, form, fragment="found")


def _said(visit: Visit, why: Why) -> tuple[str, str]:
    wrong, right = TROUBLES[why]
    return visit.words(wrong), visit.words(right)


def _not_found(visit: Visit, who: str, form: Filled, wrong: str, right: str) -> Page:
    refused = form.refused("who", wrong, right).filled
    return Page("vendors/add.html", FoundView(who), refused, fragment="found", status=422)


def _mark_of(found: Acquaintance) -> str:
    """What she was shown, so that nothing else is added."""
    shown = found.contact
    parts = (shown.actor, shown.name, shown.handle, *shown.terms_accepted, "", *shown.keys)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@SCREENS.post("/my/vendors/found", who=Who.PERSON, again=found_page)
async def add(visit: Visit) -> Answer:
    """Add whom she was shown; somebody who shows another face by now is asked about again."""
    filled, _ = await visit.read(KEEP), visit.words
    try:
        found = await look_up(visit.node, visit.viewer.account, filled[ACTOR])
    except Unknown as error:
        wrong, right = _said(visit, error.why)
        raise filled.refused("", _("Nobody was added. %(why)s", why=wrong), right) from None
    if _mark_of(found) != filled[MARK]:
        wrong = _("What their server shows has changed since you looked. Nobody was added.")
        raise filled.refused("", wrong, _("Look at it again."))
    contact = await keep(visit.node, found)
    return Redirect(vendor_page(contact.actor), _("%(name)s is among your vendors now.", name=contact.name))


# --- one vendor -------------------------------------------------------------------------------------------


@SCREENS.get("/my/vendors/{vendor}", who=Who.PERSON)
async def vendor(visit: Visit) -> Answer:
    account, before = visit.viewer.account, visit.query.first("before")
    place = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    view = await visit.look(lambda desk: vendor_view(desk, account, visit.params["vendor"], place))
    return Page("vendors/show.html", view)


@SCREENS.post("/my/vendors/{vendor}/again", who=Who.PERSON, again=vendor)
async def look_again(visit: Visit) -> Answer:
    """Ask its server anew what is remembered of it."""
    filled, _ = await visit.read(AGAIN), visit.words
    account, place = visit.viewer.account, visit.params["vendor"]
    contact = await visit.look(lambda desk: find_vendor(desk, account, place))
    try:
        found = await look_up(visit.node, account, contact.actor)
    except Unknown as error:
        wrong, right = _said(visit, error.why)
        raise filled.refused("", wrong, right) from None
    await keep(visit.node, found)
    page = vendor_page(contact.actor)
    if found.has_new_keys:
        words = _(
            "Its key is another one than before. Ask the vendor, by another way, whether that is right."
        )
        return Redirect(page, words, "warn")
    return Redirect(page, _("Looked at again just now."))


@SCREENS.post("/my/vendors/{vendor}/follower", who=Who.PERSON, again=vendor)
async def decide(visit: Visit) -> Answer:
    """Let it follow her public posts, or refuse or end that."""
    filled, _ = await visit.read(FOLLOW), visit.words
    account, place, may = visit.viewer.account, visit.params["vendor"], filled[MAY]

    def work(desk: Desk) -> str:
        contact = find_vendor(desk, account, place)
        (approve_follow if may else end_follow)(desk, account, contact.actor)
        return vendor_page(contact.actor)

    page = await visit.act(work)
    return Redirect(page, _("It follows you now.") if may else _("It does not follow you."))


@SCREENS.post("/my/vendors/{vendor}/follow", who=Who.PERSON, again=vendor)
async def follow_it(visit: Visit) -> Answer:
    """Follow what it publishes, or no more."""
    filled, _ = await visit.read(FOLLOW), visit.words
    account, place = visit.viewer.account, visit.params["vendor"]
    contact = await visit.look(lambda desk: find_vendor(desk, account, place))
    if not filled[MAY]:
        await visit.act(lambda desk: unfollow(desk, account, contact.actor))
        return Redirect(vendor_page(contact.actor), _("You follow %(name)s no more.", name=contact.name))
    whom = await find_followable(visit.node, account, contact.actor)
    await visit.act(lambda desk: follow(desk, account, whom))
    return Redirect(vendor_page(contact.actor), _("Asked: %(name)s’s server answers now.", name=contact.name))


async def _blockable(visit: Visit) -> VendorView:
    """The vendor, where its server is this viewer's to block. Raises: Missing."""
    account, place = visit.viewer.account, visit.params["vendor"]
    view = await visit.look(lambda desk: vendor_view(desk, account, place))
    if not view.may_block:
        raise Missing
    return view


@SCREENS.get("/my/vendors/{vendor}/block", who=Who.PERSON)
async def block_page(visit: Visit) -> Answer:
    return Page("vendors/block.html", await _blockable(visit), visit.form_or(AGAIN))


@SCREENS.post("/my/vendors/{vendor}/block", who=Who.PERSON)
async def block(visit: Visit) -> Answer:
    """Hear nothing more from its server."""
    await visit.read(AGAIN)
    view, _ = await _blockable(visit), visit.words
    domain = await block_domain(visit.node, view.domain)
    return Redirect(view.page, _("%(domain)s is blocked: nothing from it reaches you.", domain=domain))


@SCREENS.post("/my/vendors/{vendor}/unblock", who=Who.PERSON, again=vendor)
async def unblock(visit: Visit) -> Answer:
    await visit.read(AGAIN)
    view, _ = await _blockable(visit), visit.words
    if view.block is not None:  # a second tap finds it lifted already
        await unblock_domain(visit.node, view.block.domain)
    return Redirect(view.page, _("%(domain)s is heard again.", domain=view.domain))


@SCREENS.get("/my/vendors/{vendor}/remove", who=Who.PERSON)
async def remove_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: vendor_view(desk, account, visit.params["vendor"]))
    return Page("vendors/remove.html", view, visit.form_or(AGAIN))


@SCREENS.post("/my/vendors/{vendor}/remove", who=Who.PERSON)
async def remove(visit: Visit) -> Answer:
    """Take it off the list; what was agreed with it stays."""
    await visit.read(AGAIN)
    account, place, _ = visit.viewer.account, visit.params["vendor"], visit.words

    def work(desk: Desk) -> str:
        contact = find_vendor(desk, account, place)
        desk.tx.contacts.remove(account.id, contact.actor)
        return contact.name

    name = await visit.act(work)
    return Redirect("/my/vendors", _("%(name)s is no longer among your vendors.", name=name))


# --- how others find one's own account --------------------------------------------------------------------


@SCREENS.get("/my/code")
async def code(visit: Visit) -> Answer:
    account: Account = visit.viewer.account
    return Page("vendors/code.html", await visit.look(lambda desk: code_view(desk, account)))
