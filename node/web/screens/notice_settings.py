"""By which ways an owner is told of what: switches, the address for mail, browsers that are nudged."""

from __future__ import annotations

from node.desk import Desk
from node.notices.mailing import MailFailed, build_mail, send_mail
from node.notices.mailserver import is_mail_address
from node.notices.pushing import load_push_key, outlet_id, parse_endpoint
from node.services.outlets import (
    MOST_BROWSERS,
    TooManyOutlets,
    add_browser,
    ask_for_code,
    choose_topics,
    confirm_address,
    remove_outlet,
    restart_outlet,
)
from node.web.fields import hidden, many, text
from node.web.forms import Form
from node.web.notice_views import TellingView, telling_view
from node.web.notice_words import TOPIC_HINTS, TOPIC_NAMES, TROUBLES, code_letter
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit

__all__ = ["SCREENS"]

SCREENS = Screens()

PAGE = "/my/settings/notices"
MAIL = many(text("mail", most=20), most=20)
PUSH = many(text("push", most=20), most=20)
TOPICS = Form(MAIL, PUSH)
ADDRESS_FIELD = text("address", most=254)
ADDRESS = Form(ADDRESS_FIELD)
CODE_FIELD = text("code", most=20)
CODE = Form(CODE_FIELD)
ENDPOINT = hidden("endpoint")
BROWSER = Form(ENDPOINT)
NOTHING = Form()


class _Shown:
    """The view, and a form for each part of the page."""

    def __init__(self, visit: Visit, view: TellingView) -> None:
        self.view = view
        choices = view.choices
        self.topics = visit.form_or(TOPICS, {"mail": choices.mail, "push": choices.push})
        self.address = visit.form_or(ADDRESS)
        self.code = visit.form_or(CODE)
        self.browser = visit.form_or(BROWSER)
        self.names, self.hints, self.troubles = TOPIC_NAMES, TOPIC_HINTS, TROUBLES


@SCREENS.get(PAGE)
async def settings(visit: Visit) -> Answer:
    account = visit.viewer.account
    key = await load_push_key(visit.node)
    has_server = visit.node.config.mail is not None
    view = await visit.look(
        lambda desk: telling_view(desk, account, has_server=has_server, push_key=key.public)
    )
    return Page("notices/settings.html", _Shown(visit, view))


@SCREENS.post(PAGE)
async def choose(visit: Visit) -> Answer:
    filled, account = await visit.read(TOPICS), visit.viewer.account
    mail, push = filled[MAIL], filled[PUSH]
    await visit.act(lambda desk: choose_topics(desk, account, mail, push))
    return Redirect(PAGE, visit.words("Your choice is kept."))


# --- e-mail -----------------------------------------------------------------------------------------------


@SCREENS.post(f"{PAGE}/address", again=settings)
async def give_address(visit: Visit) -> Answer:
    """Mail a code to an address, at once: whoever waits for it is told when the mail server refuses."""
    filled = await visit.read(ADDRESS)
    account, address, _ = visit.viewer.account, filled[ADDRESS_FIELD], visit.words
    config = visit.node.config
    if config.mail is None:
        raise Missing
    if not is_mail_address(address):
        raise filled.refused("address", _("This is no mail address."), _("Write name@mail.example."))
    try:
        code = await visit.act(lambda desk: ask_for_code(desk, account, address))
    except TooManyOutlets:
        raise filled.refused(
            "address", _("Five codes were sent within an hour."), _("Try again in an hour.")
        ) from None
    mail = build_mail(
        code_letter(_, code, config.base_url),
        sender=config.mail.sender,
        to=address,
        number=visit.node.seed().hex()[:32],
        now=visit.now,
        manage=f"{config.base_url}{PAGE}",
    )
    try:
        await send_mail(config.mail, mail, ca_file=config.ca_file)
    except MailFailed as error:
        right = _("The mail server says: %(detail)s", detail=error.detail)
        raise filled.refused("address", _(TROUBLES[error.what]), right) from None
    return Redirect(PAGE, _("A code is on its way to %(address)s.", address=address))


@SCREENS.post(f"{PAGE}/code", again=settings)
async def confirm(visit: Visit) -> Answer:
    filled, account, _ = await visit.read(CODE), visit.viewer.account, visit.words
    wrong = await visit.act(lambda desk: confirm_address(desk, account, filled[CODE_FIELD]))
    if wrong == "wrong":
        raise filled.refused("code", _("This is not the code."), _("Look again: it has eight digits."))
    if wrong == "often":
        raise filled.refused("code", _("Five codes were wrong."), _("Let a new one be sent."))
    if wrong:
        raise filled.refused("code", _("This code has expired."), _("Let a new one be sent."))
    return Redirect(PAGE, _("The address is confirmed. Choose below what is mailed to you."))


# --- browsers ---------------------------------------------------------------------------------------------


@SCREENS.post(f"{PAGE}/browser", again=settings)
async def add(visit: Visit) -> Answer:
    """This browser, by the address that its push service has given it."""
    filled, viewer, _ = await visit.read(BROWSER), visit.viewer, visit.words
    endpoint = parse_endpoint(filled[ENDPOINT])
    if not endpoint:
        raise filled.refused(
            "", _("This browser has named no push service."), _("Try again, or with another browser.")
        )
    try:
        await visit.act(
            lambda desk: add_browser(
                desk, viewer.account, outlet_id(endpoint), endpoint, viewer.session.label
            )
        )
    except TooManyOutlets:
        raise filled.refused(
            "", _("%(most)s browsers are told already.", most=MOST_BROWSERS), _("End one of them first.")
        ) from None
    return Redirect(PAGE, _("This browser will be told. Choose below of what."))


@SCREENS.post(PAGE + "/{outlet}/end", again=settings)
async def end(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, name = visit.viewer.account, visit.params["outlet"]
    if not await visit.act(lambda desk: remove_outlet(desk, account, name)):
        raise Missing
    return Redirect(PAGE, visit.words("Nothing is sent there any more."))


@SCREENS.post(PAGE + "/{outlet}/again", again=settings)
async def again(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, name = visit.viewer.account, visit.params["outlet"]

    def work(desk: Desk) -> bool:
        return restart_outlet(desk, account, name)

    if not await visit.act(work):
        raise Missing
    return Redirect(PAGE, visit.words("What waits is sent within two minutes."))
