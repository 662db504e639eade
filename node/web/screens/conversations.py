"""Conversations with anybody in the fediverse: reading, answering, putting away."""

from __future__ import annotations

from node.desk import Desk
from node.domain.notes import Visibility
from node.domain.talking import Thread
from node.services.talking import answer, close_thread, open_thread, see_thread, thread_ref
from node.web.fields import choice, hidden, optional, switch, text
from node.web.forms import Form
from node.web.i18n import N_
from node.web.talk_views import TABS, ThreadView, thread_view, threads_view, watch_thread, watch_threads
from node.web.visits import Answer, Live, Missing, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS", "place_before", "thread_of"]

SCREENS = Screens()

WORDS = text("text", most=5000, lines=True)
SEEN_BY = choice("visibility", {one.value: one for one in Visibility})
WIDER = switch("wider")
WARNING = optional(text("warning", most=500))
ANSWERED = hidden("to", most=2000)
ANSWER = Form(WORDS, SEEN_BY, WIDER, WARNING, ANSWERED)
NOTHING = Form()

_READERS = (
    (Visibility.DIRECT, N_("Only them")),
    (Visibility.FOLLOWERS, N_("Them, and who follows you")),
    (Visibility.UNLISTED, N_("Everybody who finds it")),
    (Visibility.PUBLIC, N_("Everybody")),
)


def place_before(visit: Visit) -> int | None:
    """Where in a list a page begins, by the address. Raises: Missing for what no link of ours says."""
    said = visit.query.first("before")
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise Missing
    return int(said)


@SCREENS.get("/my/conversations", who=Who.OWNER)
async def conversations(visit: Visit) -> Answer:
    account, query = visit.viewer.account, visit.query
    shown, search, before = query.first("show"), query.first("find").strip()[:100], place_before(visit)
    if shown not in TABS:
        raise Missing
    view = await visit.look(lambda desk: threads_view(desk, account, shown, search=search, before=before))
    return Page("talk/list.html", view, fragment="list")


@SCREENS.get("/my/conversations/changes", who=Who.OWNER)
async def list_changes(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Live(lambda desk: watch_threads(desk, account))


@SCREENS.get("/my/conversations/{thread}", who=Who.OWNER)
async def conversation(visit: Visit) -> Answer:
    """Whoever opens it has seen it; a part of the page that comes by itself is no look."""
    view = await visit.look(lambda desk: _view_of(desk, visit))
    if visit.method == "GET" and not visit.is_fragment and view.thread.unread:
        await visit.act(lambda desk: _seen(desk, visit))
    shown = {"visibility": view.answered_as.value, "to": view.said.id if view.said is not None else ""}
    readers = tuple((one.value, visit.words(words), "") for one, words in _READERS)
    return Page("talk/show.html", (view, readers), visit.form_or(ANSWER, shown), fragment="said")


def thread_of(desk: Desk, visit: Visit) -> Thread:
    """The thread that the address names. Raises: Missing for another's or none."""
    thread = desk.tx.threads.get(visit.viewer.account.id, visit.params["thread"])
    if thread is None:
        raise Missing
    return thread


def _view_of(desk: Desk, visit: Visit) -> ThreadView:
    view = thread_view(desk, visit.viewer.account, visit.params["thread"])
    if view is None:
        raise Missing
    return view


def _seen(desk: Desk, visit: Visit) -> None:
    account = visit.viewer.account
    thread = see_thread(desk, account, visit.params["thread"])
    desk.tx.overview.see(account.id, [thread_ref(desk, thread)])


@SCREENS.get("/my/conversations/{thread}/changes", who=Who.OWNER)
async def changes(visit: Visit) -> Answer:
    account, thread = visit.viewer.account, visit.params["thread"]
    await visit.look(lambda desk: thread_of(desk, visit))
    return Live(lambda desk: watch_thread(desk, account, thread))


@SCREENS.post("/my/conversations/{thread}", who=Who.OWNER)
async def say_something(visit: Visit) -> Answer:
    """Answer; to more people than could read what is answered only where that is meant."""
    filled = await visit.read(ANSWER)
    account = visit.viewer.account

    def work(desk: Desk) -> None:
        thread = thread_of(desk, visit)
        answer(
            desk,
            account,
            thread,
            filled[WORDS],
            visibility=filled[SEEN_BY],
            to=filled[ANSWERED],
            summary=filled[WARNING] or "",
            is_wider_meant=filled[WIDER],
        )

    await visit.act(work)
    return Redirect(f"/my/conversations/{visit.params['thread']}", visit.words("Your answer is sent."))


@SCREENS.post("/my/conversations/{thread}/close", who=Who.OWNER, again=conversation)
async def close(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account = visit.viewer.account
    await visit.act(lambda desk: close_thread(desk, account, thread_of(desk, visit).id))
    words = visit.words("Put away. What they say next brings it back.")
    return Redirect("/my/conversations", words)


@SCREENS.post("/my/conversations/{thread}/open", who=Who.OWNER, again=conversation)
async def take_up(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account = visit.viewer.account
    await visit.act(lambda desk: open_thread(desk, account, thread_of(desk, visit).id))
    return Redirect(f"/my/conversations/{visit.params['thread']}", visit.words("It is taken up again."))
