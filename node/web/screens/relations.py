"""Who follows whom, who is muted or blocked, who has moved, and by which other addresses the owner goes."""

from __future__ import annotations

from node.desk import Desk
from node.services.following import approve_follow, end_follow
from node.services.followings import unfollow
from node.services.moving import come_back, leave_move, remove_alias
from node.services.profile import change_network
from node.services.shunning import Shunnable, block, mute, unblock, unmute
from node.web.fields import choice, hidden, switch, text
from node.web.forms import Form
from node.web.relation_views import (
    MOST_PAGES,
    followers_view,
    following_view,
    moves_view,
    network_view,
    shunned_view,
)
from node.web.visits import Answer, Page, Redirect, Screens, Visit
from node.workflows.moving import alias, follow_mover, move
from node.workflows.whom import find_shunnable

__all__ = ["SCREENS", "page_asked"]

SCREENS = Screens()

_MOST = 2000
WHO = hidden("actor", most=_MOST)
MAY = choice("may", {"yes": True, "no": False})
DECIDE = Form(WHO, MAY)
END = Form(WHO)
ACT = choice("do", {name: name for name in ("mute", "unmute", "block", "unblock")})
SHUN = Form(WHO, ACT)
IS_SHOWN = switch("shown")
SHOWN = Form(IS_SHOWN)
HANDLE = text("who", most=500)
ALIAS = Form(HANDLE)
TARGET = text("to", most=500)
SURE = text("sure", most=100)
MOVE = Form(TARGET, SURE)
RETURN = Form()
_NETWORK = "/my/settings/network"


def page_asked(visit: Visit) -> int:
    """Which page of a list; the first for what no link of ours says."""
    said = visit.query.first("page")
    return min(int(said), MOST_PAGES) if said.isascii() and said.isdigit() and len(said) < 7 else 0


# --- who follows ------------------------------------------------------------------------------------------


@SCREENS.get("/my/followers")
async def followers(visit: Visit) -> Answer:
    account, page = visit.viewer.account, page_asked(visit)
    return Page("people/followers.html", await visit.look(lambda desk: followers_view(desk, account, page)))


@SCREENS.post("/my/followers")
async def decide(visit: Visit) -> Answer:
    """Let somebody follow, or refuse or end it."""
    filled, _ = await visit.read(DECIDE), visit.words
    account, actor, may = visit.viewer.account, filled[WHO], filled[MAY]
    await visit.act(lambda desk: (approve_follow if may else end_follow)(desk, account, actor))
    return Redirect("/my/followers", _("They follow you now.") if may else _("They do not follow you."))


# --- whom the owner follows -------------------------------------------------------------------------------


@SCREENS.get("/my/following")
async def following(visit: Visit) -> Answer:
    account, page = visit.viewer.account, page_asked(visit)
    return Page("people/following.html", await visit.look(lambda desk: following_view(desk, account, page)))


@SCREENS.post("/my/following")
async def end(visit: Visit) -> Answer:
    """Follow somebody no more; whom to follow is asked on the page that shows who it is (`interact`)."""
    filled, account = await visit.read(END), visit.viewer.account
    ended = await visit.act(lambda desk: unfollow(desk, account, filled[WHO]))
    return Redirect("/my/following", visit.words("You follow %(name)s no more.", name=ended.name))


# --- who is not heard -------------------------------------------------------------------------------------


@SCREENS.get("/my/shunned")
async def shunned(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: shunned_view(desk, account))
    return Page("people/shunned.html", view, visit.form_or(ALIAS))


@SCREENS.post("/my/shunned")
async def shun(visit: Visit) -> Answer:
    """Mute, block, or hear again; who it is was shown before, so nobody is asked for whom the store knows."""
    filled, account = await visit.read(SHUN), visit.viewer.account
    whom, what = await find_shunnable(visit.node, account, filled[WHO]), filled[ACT]

    def work(desk: Desk) -> None:
        match what:
            case "mute":
                mute(desk, account, whom)
            case "unmute":
                unmute(desk, account, whom.actor)
            case "block":
                block(desk, account, whom)
            case _:
                unblock(desk, account, whom.actor)

    await visit.act(work)
    return Redirect("/my/shunned", _shun_words(visit, what, whom))


def _shun_words(visit: Visit, what: str, whom: Shunnable) -> str:
    _ = visit.words
    words = {
        "mute": _("%(name)s is muted: you see nothing of what they say, and they do not learn of it."),
        "unmute": _("%(name)s is no longer muted."),
        "block": _("%(name)s is blocked: nothing new from there reaches you."),
        "unblock": _("%(name)s is heard again."),
    }
    return words[what].replace("%(name)s", whom.handle)


# --- who has moved ----------------------------------------------------------------------------------------


@SCREENS.get("/my/moves")
async def moves(visit: Visit) -> Answer:
    account = visit.viewer.account
    return Page("people/moves.html", await visit.look(lambda desk: moves_view(desk, account)))


@SCREENS.post("/my/moves")
async def answer_move(visit: Visit) -> Answer:
    """Go along, once both sides have been asked again; or leave it."""
    filled, _ = await visit.read(DECIDE), visit.words
    account, old = visit.viewer.account, filled[WHO]
    if not filled[MAY]:
        await visit.act(lambda desk: leave_move(desk, account, old))
        return Redirect("/my/moves", _("The old account stays as it was here."))
    moved = await follow_mover(visit.node, account, old)
    return Redirect("/my/moves", _("%(name)s takes the old one’s place.", name=moved.handle))


# --- the owner's own account ------------------------------------------------------------------------------


@SCREENS.get(_NETWORK)
async def network(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: network_view(desk, account))
    shown = {"shown": "on"} if view.is_shown else {}
    forms = {
        "shown": visit.form_or(SHOWN, shown),
        "alias": visit.form_or(ALIAS),
        "move": visit.form_or(MOVE),
    }
    return Page("people/network.html", (view, forms))


@SCREENS.post(_NETWORK, again=network)
async def show(visit: Visit) -> Answer:
    """Whether strangers may read who follows the account and whom it follows."""
    filled, _ = await visit.read(SHOWN), visit.words
    account, is_shown = visit.viewer.account, filled[IS_SHOWN]
    await visit.act(lambda desk: change_network(desk, account, is_shown=is_shown))
    said = _("Strangers may read the lists.") if is_shown else _("Strangers see numbers alone.")
    return Redirect(_NETWORK, said)


@SCREENS.post(f"{_NETWORK}/alias", again=network)
async def add_alias(visit: Visit) -> Answer:
    filled, _ = await visit.read(ALIAS), visit.words
    changed = await alias(visit.node, visit.viewer.account, filled[HANDLE])
    return Redirect(_NETWORK, _("Published: you are also %(name)s.", name=changed.also_known_as[-1]))


@SCREENS.post(f"{_NETWORK}/alias/remove", again=network)
async def end_alias(visit: Visit) -> Answer:
    filled, account = await visit.read(END), visit.viewer.account
    await visit.act(lambda desk: remove_alias(desk, account, filled[WHO]))
    return Redirect(_NETWORK, visit.words("It is taken away."))


@SCREENS.post(f"{_NETWORK}/move", again=network)
async def move_away(visit: Visit) -> Answer:
    """Tell the followers where to find the owner from now on; the name of the account is asked for."""
    filled, _ = await visit.read(MOVE), visit.words
    account = visit.viewer.account
    if filled[SURE] != account.name:
        raise filled.refused("sure", _("That is another name."), _("Write %(name)s.", name=account.name))
    moved = await move(visit.node, account, filled[TARGET])
    return Redirect(_NETWORK, _("Your followers are told that you are now %(name)s.", name=moved.moved_to))


@SCREENS.post(f"{_NETWORK}/return", again=network)
async def come_home(visit: Visit) -> Answer:
    await visit.read(RETURN)
    account = visit.viewer.account
    await visit.act(lambda desk: come_back(desk, account))
    return Redirect(_NETWORK, visit.words("This account is in use again."))
