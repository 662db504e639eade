"""What is wanted, said to everybody: shown as it will be read, then posted under one's own name."""

from __future__ import annotations

from node.desk import Desk
from node.domain.errors import InvalidInput
from node.services.requests import post_draft, preview_request
from node.store.ports import Post
from node.web.compose_views import find_draft, stamp_of
from node.web.fields import hidden, switch
from node.web.forms import Form
from node.web.screens.compose import kept_draft
from node.web.visits import Answer, Page, Redirect, Screens, Visit, Who

__all__ = ["SCREENS"]

SCREENS = Screens()
SEEN = hidden("seen", most=60)
POST = Form(SEEN, switch("understood"))


@SCREENS.get("/my/intents/new/{draft}/public", who=Who.PERSON)
async def public_page(visit: Visit) -> Answer:
    draft, account = await kept_draft(visit), visit.viewer.account

    def view(desk: Desk) -> str:
        try:
            return preview_request(desk, account, draft)
        except InvalidInput:  # the check page says what is missing
            return ""

    words = await visit.look(view)
    return Page("compose/public.html", (draft, words, stamp_of(draft)), visit.form_or(POST))


@SCREENS.post("/my/intents/new/{draft}/public", who=Who.PERSON)
async def publish(visit: Visit) -> Answer:
    """Post it as it was shown; the draft stays, to be sent to whom she chooses."""
    filled, account, _ = await visit.read(POST), visit.viewer.account, visit.words
    if not filled.values["understood"]:
        raise filled.refused("understood", _("This is not said."), _("Everybody will read it."))

    def work(desk: Desk) -> Post:
        draft = find_draft(desk, account, visit.params["draft"])
        if stamp_of(draft) != filled[SEEN]:
            raise filled.refused(
                "", _("It was changed in another window."), _("Look through it again, then send it.")
            )
        return post_draft(desk, account, draft)

    post = await visit.act(work)
    name = post.id.rpartition("/")[2]
    return Redirect(f"/my/posts/{name}", _("It is said to everybody; answers come to your conversations."))
