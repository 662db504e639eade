"""What those say whom an account follows: read, liked, passed on, answered; pictures when asked for."""

from __future__ import annotations

from starlette.responses import Response

from node.domain.notes import Visibility
from node.store.reading import ReactionKind
from node.web.fields import choice, optional, text, whole
from node.web.forms import Form
from node.web.i18n import N_
from node.web.media import picture_answer
from node.web.reading_views import ReadingLine, reading_line, readings_view
from node.web.screens.conversations import place_before
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit
from node.workflows.looking import show_picture
from node.workflows.responding import Answer as Answered
from node.workflows.responding import answer, no_longer, respond

__all__ = ["SCREENS"]

SCREENS = Screens()

WORDS = text("text", most=5000, lines=True)
SEEN_BY = choice("visibility", {one.value: one for one in Visibility})
WARNING = optional(text("warning", most=500))
ANSWER = Form(WORDS, SEEN_BY, WARNING)
PICTURE = whole("picture", least=0, most=100)
PICTURES = Form(PICTURE)
NOTHING = Form()
_READERS = {
    Visibility.DIRECT: N_("Only its author"),
    Visibility.FOLLOWERS: N_("Its author, and who follows you"),
    Visibility.UNLISTED: N_("Everybody who finds it"),
    Visibility.PUBLIC: N_("Everybody"),
}
_ACTS = {
    "like": (ReactionKind.LIKE, True, N_("You like it; its author is told.")),
    "unlike": (ReactionKind.LIKE, False, N_("You like it no longer.")),
    "share": (ReactionKind.SHARE, True, N_("It is passed on to those who follow you.")),
    "unshare": (ReactionKind.SHARE, False, N_("It is no longer passed on.")),
}


@SCREENS.get("/my/reading")
async def readings(visit: Visit) -> Answer:
    account, before = visit.viewer.account, place_before(visit)
    return Page(
        "reading/list.html", await visit.look(lambda desk: readings_view(desk, account, before=before))
    )


async def _line(visit: Visit) -> ReadingLine:
    """The post that the address names. Raises: Missing for none, or another's."""
    account, named = visit.viewer.account, visit.params["number"]
    if not named.isascii() or not named.isdigit() or len(named) > 18:
        raise Missing
    found = await visit.look(lambda desk: reading_line(desk, account, int(named)))
    if found is None:
        raise Missing
    return found


@SCREENS.get("/my/reading/{number}")
async def one(visit: Visit) -> Answer:
    line = await _line(visit)
    readers = tuple((found.value, visit.words(_READERS[found]), "") for found in line.answered_as)
    form = visit.form_or(ANSWER, {"visibility": line.answered_as[0].value, "warning": line.warning})
    return Page("reading/show.html", (line, readers), form)


@SCREENS.post("/my/reading/{number}")
async def say_something(visit: Visit) -> Answer:
    """Answer it, for no more people than can read it."""
    line, filled = await _line(visit), await visit.read(ANSWER)
    answered = Answered(text=filled[WORDS], visibility=filled[SEEN_BY], summary=filled[WARNING] or "")
    await answer(visit.node, visit.viewer.account, line.id, answered)
    return Redirect(f"/my/reading/{line.number}", visit.words("Your answer is sent."))


@SCREENS.post("/my/reading/{number}/picture", again=one)
async def picture(visit: Visit) -> Answer:
    """Fetch one picture of a post, because its reader asks for it."""
    line, filled = await _line(visit), await visit.read(PICTURES)
    found = next((shown for shown in line.pictures if shown.number == filled[PICTURE]), None)
    if found is None or not found.can_be_shown:
        raise Missing
    await show_picture(visit.node, visit.viewer.account.id, found.address)
    return Redirect(f"/my/reading/{line.number}")


@SCREENS.post("/my/reading/{number}/{act}", again=one)
async def act(visit: Visit) -> Answer:
    """Like it or pass it on, or take that back."""
    if visit.params["act"] not in _ACTS:
        raise Missing
    kind, gives, told = _ACTS[visit.params["act"]]
    line, account = await _line(visit), visit.viewer.account
    await visit.read(NOTHING)
    if gives:
        await respond(visit.node, account, line.id, kind)
    else:
        await no_longer(visit.node, account, line.id, kind)
    return Redirect(f"/my/reading/{line.number}", visit.words(told))


@SCREENS.get("/my/media/{name}")
async def media(visit: Visit) -> Response:
    """A picture of the viewer's own: one that waits for a post, or somebody else's that was asked for."""
    account, name = visit.viewer.account, visit.params["name"]
    found = await visit.look(lambda desk: desk.tx.media.find(account.id, name))
    if found is None:
        raise Missing
    return picture_answer(*found, visit.headers, is_owners=True)
