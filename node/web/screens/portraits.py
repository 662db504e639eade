"""How an account looks to everybody: its image and its header, set and taken away."""

from __future__ import annotations

from node.desk import Desk
from node.domain.pictures import HEADER, ICON
from node.services.media import ALT_CHARS
from node.services.portraits import change_portrait
from node.store.media import KeptPicture, Purpose
from node.web.fields import attached, choice, optional, text
from node.web.forms import Form
from node.web.uploads import PORTRAIT_BYTES
from node.web.visits import Answer, Page, Redirect, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()

_PAGE = "/my/settings/picture"
_KINDS = {Purpose.ICON.value: Purpose.ICON, Purpose.HEADER.value: Purpose.HEADER}
_BOUNDS = {Purpose.ICON: ICON, Purpose.HEADER: HEADER}
WHICH = choice("which", _KINDS)
FILE = attached("picture")
ALT = optional(text("alt", most=ALT_CHARS))
SET = Form(WHICH, FILE, ALT)
REMOVE = Form(WHICH)


@SCREENS.get(_PAGE)
async def portraits(visit: Visit) -> Answer:
    account = visit.viewer.account

    def look(desk: Desk) -> dict[str, KeptPicture]:
        worn = desk.tx.media.all(account.id, _BOUNDS, place=account.id)
        return {one.purpose.value: one for one in worn}

    form = visit.form_or(SET, {"which": Purpose.ICON.value})
    return Page("settings/picture.html", await visit.look(look), form)


@SCREENS.post(_PAGE, upload_bytes=PORTRAIT_BYTES)
async def set_portrait(visit: Visit) -> Answer:
    """Decoded, encoded anew, and published; those who follow are told."""
    filled, account = await visit.read(SET), visit.viewer.account
    which, alt = filled[WHICH], filled[ALT] or ""
    picture = await visit.node.darkroom.develop(await filled[FILE].read(), _BOUNDS[which])
    is_new = await visit.act(lambda desk: change_portrait(desk, account, which, picture, alt=alt))
    if not is_new:
        return Redirect(_PAGE, visit.words("Nothing was changed."), "plain")
    return Redirect(_PAGE, visit.words("Everybody sees it from now on."))


@SCREENS.post(f"{_PAGE}/remove", again=portraits)
async def remove_portrait(visit: Visit) -> Answer:
    filled, account = await visit.read(REMOVE), visit.viewer.account
    await visit.act(lambda desk: change_portrait(desk, account, filled[WHICH], None))
    return Redirect(_PAGE, visit.words("It is gone."))
