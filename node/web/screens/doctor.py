"""How others see this node, or why another does not answer: looked at from outside, as it goes."""

from __future__ import annotations

from node.examination.examinations import TooSoon
from node.web.doctor_views import doctor_view, watched
from node.web.fields import text
from node.web.forms import Form
from node.web.visits import Answer, Live, Page, Redirect, Screens, TooMany, Visit
from node.workflows.examining import examine_by, read_reference

__all__ = ["SCREENS"]

SCREENS = Screens()

PAGE = "/my/doctor"
WHO = text("who", most=400)
LOOK = Form(WHO)


@SCREENS.get(PAGE)
async def doctor(visit: Visit) -> Answer:
    account, node = visit.viewer.account, visit.node
    view = doctor_view(account, node.config.host, node.examinations.of(account.id), visit.locale)
    return Page("doctor/doctor.html", view, visit.form_or(LOOK, {"who": view.own_handle}), fragment="found")


@SCREENS.post(PAGE)
async def look(visit: Visit) -> Answer:
    """Begin to look; the page shows how far it is."""
    who = (await visit.read(LOOK))[WHO]
    account, node = visit.viewer.account, visit.node
    reference = await read_reference(node, who, account.name)
    findings = examine_by(node, reference)
    try:
        node.examinations.begin(
            account.id, str(reference), findings, now=visit.now, happened=node.changes.happened
        )
    except TooSoon as error:
        raise TooMany(error.wait_s) from None
    return Redirect(PAGE)


@SCREENS.get(f"{PAGE}/changes")
async def changes(visit: Visit) -> Answer:
    examinations, account = visit.node.examinations, visit.viewer.account.id
    return Live(lambda desk: watched(examinations.of(account)))
