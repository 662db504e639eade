"""Somebody, or something, found elsewhere by whoever has an account here: shown, then acted upon.

A link from anywhere may lead to the first page, which asks only; looking up and acting are for this node's
own pages (`security U03`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import anyio
from markupsafe import Markup

from federation.errors import FederationError, InvalidIri
from federation.ids import origin
from federation.jsonld import as_id
from node.desk import Desk
from node.domain.accounts import AccountKind
from node.domain.errors import Refusal
from node.domain.notes import Note, Visibility
from node.services.followings import follow
from node.services.posting import MOST_CHARS, Saying, say
from node.store.following import Following, FollowingState, Shun
from node.web.fields import Typed, choice, hidden, text
from node.web.forms import Filled, Form
from node.web.interact import WayBack, ways_back
from node.web.places import place_of
from node.web.screens.vendors import TROUBLES
from node.web.unseen import show_unseen_in_prose
from node.web.visits import Answer, Page, Redirect, Screens, Visit
from node.wire.fediverse import parse_note
from node.workflows.acquaintance import WITHIN_S, Acquaintance, Unknown, Why, look_up, read_reference
from node.workflows.lookups import SeenActor, contact_of, see_actor
from node.workflows.whom import find_followable

__all__ = ["SCREENS"]

SCREENS = Screens()

_MOST = 1000
_ENDS = ("on-success", "on-cancel")
WHO = hidden("actor", most=2000)
POST = hidden("uri", most=2000)
TEXT = text("text", most=MOST_CHARS, lines=True)
READERS = choice("readers", {one.value: one for one in (Visibility.PUBLIC, Visibility.DIRECT)})
REPLY = Form(POST, TEXT, READERS)
FOLLOW = Form(WHO, hidden("on-success", most=_MOST), hidden("on-cancel", most=_MOST))


@dataclass(frozen=True, slots=True)
class InteractView:
    """What was named, and who or what it is.

    Shapes: `person`, or `note` by its `writer`, is what their server shows; `following` and `shun` are what
            lies between this account and a person. `ends` are the places to go to afterwards, `kept` the same
            as they came, for the forms.
    """

    uri: str = ""
    person: Acquaintance | None = None
    note: Note | None = None
    note_html: str = ""
    is_offer: bool = False
    writer: SeenActor | None = None
    following: Following | None = None
    shun: Shun | None = None
    is_contact: bool = False
    is_person: bool = True
    ends: dict[str, WayBack] = field(default_factory=dict)
    kept: tuple[tuple[str, str], ...] = ()
    wrong: str = ""
    right: str = ""

    @property
    def is_followed(self) -> bool:
        return self.following is not None and self.following.state is FollowingState.ACCEPTED

    @property
    def is_asked(self) -> bool:
        return self.following is not None and self.following.state is FollowingState.PENDING

    def told(self, name: str) -> str:
        """What the link said of where to go afterwards, as it came; "" for nothing."""
        return dict(self.kept).get(name, "")

    @property
    def actor(self) -> str:
        """Of whom it is."""
        if self.person is not None:
            return self.person.contact.actor
        return self.writer.actor.id if self.writer is not None else ""

    @property
    def ask_page(self) -> str:
        """Where an intent to this vendor begins: with them among the vendors, or by adding them first."""
        if self.is_contact:
            return f"/my/intents/new?vendor={place_of(self.actor)}"
        return f"/my/vendors/found?who={quote(self.actor, safe='')}"

    @property
    def buy_page(self) -> str:
        return f"/my/buy/order?url={quote(self.note.id, safe='')}" if self.note is not None else ""


def _kept(told: Typed) -> tuple[tuple[str, str], ...]:
    return tuple((name, told.first(name)[:_MOST]) for name in _ENDS if told.first(name))


def _bare(visit: Visit, uri: str) -> InteractView:
    is_person = visit.viewer.account.kind is AccountKind.PERSON
    return InteractView(uri, ends=ways_back(visit.query), kept=_kept(visit.query), is_person=is_person)


@SCREENS.get("/my/interact")
async def ask(visit: Visit) -> Answer:
    """Asks only: the address stands in the form."""
    view = _bare(visit, visit.query.first("uri").strip()[:_MOST])
    return Page("people/interact.html", view, _reply_form(visit))


def _reply_form(visit: Visit) -> Filled:
    return visit.form_or(REPLY, {"text": visit.query.first("text")[:_MOST]})


@SCREENS.get("/my/interact/found")
async def found(visit: Visit) -> Answer:
    """Ask their server, and show who or what it is."""
    asked = visit.query if visit.form is None else visit.form.typed  # a refused answer names its post
    uri = asked.first("uri").strip()[:_MOST]
    if visit.method == "GET" and visit.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        told = urlencode({"uri": uri, **dict(_kept(visit.query))}, quote_via=quote, safe="")
        return Redirect(f"/my/interact?{told}")
    view = await _look(visit, uri) if uri else _bare(visit, uri)
    return Page("people/interact.html", view, _reply_form(visit), status=422 if view.wrong else 200)


async def _look(visit: Visit, uri: str) -> InteractView:
    """An actor, else a post: what answers at a link may be either."""
    try:
        person = await look_up(visit.node, visit.viewer.account, uri)
    except Unknown as error:
        view = await _look_at_note(visit, uri) if error.why is Why.NOBODY else None
        return view or _not_found(visit, uri, error.why)
    return await _with_person(visit, uri, person)


def _not_found(visit: Visit, uri: str, why: Why) -> InteractView:
    wrong, right = TROUBLES[why]
    bare = _bare(visit, uri)
    return InteractView(
        uri,
        ends=bare.ends,
        kept=bare.kept,
        is_person=bare.is_person,
        wrong=visit.words(wrong),
        right=visit.words(right),
    )


async def _with_person(visit: Visit, uri: str, person: Acquaintance) -> InteractView:
    account, actor, bare = visit.viewer.account, person.contact.actor, _bare(visit, uri)

    def view(desk: Desk) -> InteractView:
        return InteractView(
            uri,
            person=person,
            following=desk.tx.follows.get(account.id, actor),
            shun=desk.tx.shunned.get(account.id, actor),
            is_contact=desk.tx.contacts.get(account.id, actor) is not None,
            is_person=bare.is_person,
            ends=bare.ends,
            kept=bare.kept,
        )

    return await visit.look(view)


async def _look_at_note(visit: Visit, uri: str) -> InteractView | None:
    """A post at an address, by the author who owns that address; None where there is none."""
    reference, bare = read_reference(uri), _bare(visit, uri)
    try:
        with anyio.fail_after(WITHIN_S):
            fetched = await visit.node.fetcher.fetch(reference)
            author = as_id(fetched.json.get("attributedTo")) or ""
            if origin(author) != origin(fetched.url):
                return None
            seen = await see_actor(visit.node, author)
            note = parse_note(
                fetched.json,
                author=seen.actor.id,
                received_at=visit.now,
                followers=seen.actor.followers,
            )
    except (FederationError, InvalidIri, Refusal, OSError, TimeoutError):
        return None
    return InteractView(
        uri,
        note=note,
        note_html=Markup(show_unseen_in_prose(note.content)),  # noqa: S704 - `parse_note` gives clean HTML
        is_offer=fetched.json.get("purpose") == "offer",
        writer=seen,
        is_person=bare.is_person,
        ends=bare.ends,
        kept=bare.kept,
    )


@SCREENS.post("/my/interact", again=ask)
async def follow_found(visit: Visit) -> Answer:
    """Follow whom the page showed; then it says where to go on."""
    filled, _ = await visit.read(FOLLOW), visit.words
    account = visit.viewer.account
    whom = await find_followable(visit.node, account, filled[WHO])
    following = await visit.act(lambda desk: follow(desk, account, whom))
    if following.state is FollowingState.ACCEPTED:
        said = _("You follow %(name)s already.", name=following.name)
    else:
        said = _("Asked: %(name)s’s server answers now.", name=following.name)
    way = ways_back(filled.typed).get("on-success")
    if way is None:
        return Redirect("/my/following", said)
    kept = {"on-success": filled.typed.first("on-success")}
    return Redirect(f"/my/interact/done?{urlencode(kept, quote_via=quote, safe='')}", said)


@SCREENS.get("/my/interact/done")
async def done(visit: Visit) -> Answer:
    """It is done here; what comes next lies elsewhere, and its host is named before anybody goes there."""
    return Page("people/done.html", ways_back(visit.query).get("on-success"))


@SCREENS.get("/my/interact/offer")
async def offer(visit: Visit) -> Answer:
    """A vendor's “ask me”: the vendor is looked up by hand, then an intent to them begins."""
    to = visit.query.first("to").strip()[:_MOST]
    told = {"uri": to, **dict(_kept(visit.query))}
    return Redirect(f"/my/interact?{urlencode(told, quote_via=quote, safe='')}")


@SCREENS.get("/my/interact/create")
async def create(visit: Visit) -> Answer:
    """Words that another page would have its reader say stand in the form; in answer to a post, if named."""
    text, reply = visit.query.first("text")[:_MOST], visit.query.first("reply").strip()[:_MOST]
    told = {"uri": reply, "text": text, **dict(_kept(visit.query))} if reply else {"text": text}
    page = "/my/interact" if reply else "/my/posts/new"
    return Redirect(f"{page}?{urlencode({k: v for k, v in told.items() if v}, quote_via=quote, safe='')}")


@SCREENS.post("/my/interact/reply", again=found)
async def reply_found(visit: Visit) -> Answer:
    """Answer the post that the page showed; it is asked for once more, so that it is its author who hears."""
    filled, _ = await visit.read(REPLY), visit.words
    account = visit.viewer.account
    view = await _look_at_note(visit, filled[POST])
    if view is None or view.note is None or view.writer is None:
        raise filled.refused("", _("This post is no longer there."), _("Look it up again."))
    note, writer = view.note, contact_of(account, view.writer)
    saying = Saying(
        text=filled[TEXT],
        visibility=Visibility.DIRECT if not note.visibility.is_open else filled[READERS],
        mentioned=(writer,),
        in_reply_to=note.id,
        context=note.context,
    )
    await visit.act(lambda desk: say(desk, account, saying))
    return Redirect("/my/posts", _("It is said, and on its way to its readers."))
