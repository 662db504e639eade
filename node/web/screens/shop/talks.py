"""Messages of all deals, feedback with the vendor's answer."""

from __future__ import annotations

from node.services.feedback import answer_feedback
from node.web.fields import hidden, text
from node.web.forms import Form
from node.web.shop.talks import MOST_PAGES, feedback_view, talks_view
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit, Who
from node.workflows.lookups import find_contact

__all__ = ["SCREENS"]

SCREENS = Screens()

WHICH = hidden("feedback", most=2000)
WORDS = text("text", most=5000, lines=True)
ANSWER = Form(WHICH, WORDS)


@SCREENS.get("/my/messages", who=Who.VENDOR)
async def messages(visit: Visit) -> Answer:
    account, page = visit.viewer.account, _page_asked(visit)
    return Page("shop/messages.html", await visit.look(lambda desk: talks_view(desk, account, page)))


def _page_asked(visit: Visit) -> int:
    """Which page of a list; the first for what no link of ours says."""
    said = visit.query.first("page")
    return min(int(said), MOST_PAGES) if said.isascii() and said.isdigit() and len(said) < 7 else 0


@SCREENS.get("/my/feedback", who=Who.VENDOR)
async def feedback(visit: Visit) -> Answer:
    account, page = visit.viewer.account, _page_asked(visit)
    view = await visit.look(lambda desk: feedback_view(desk, account, page))
    return Page("shop/feedback.html", view, visit.form_or(ANSWER))


@SCREENS.post("/my/feedback", who=Who.VENDOR)
async def answer(visit: Visit) -> Answer:
    """Answer in public. Whoever wrote is asked for at their own server, so that the answer reaches them."""
    filled = await visit.read(ANSWER)
    account, which = visit.viewer.account, filled[WHICH]
    post = await visit.look(lambda desk: desk.tx.posts.get(which))
    if post is None or post.account != account.id or post.author == account.id:
        raise Missing
    writer = await find_contact(visit.node, account, post.author)
    await visit.act(lambda desk: answer_feedback(desk, account, which, writer, filled[WORDS]))
    return Redirect("/my/feedback", visit.words("Your answer is published beside it."))
