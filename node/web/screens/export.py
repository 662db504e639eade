"""Taking all of it along: everything in one archive, tables for a spreadsheet, and the whole node sealed."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass

from node.domain.accounts import AccountKind
from node.queries.archive import archive_of
from node.queries.deliveries import is_alone
from node.web.export_tables import contacts_csv, deals_csv
from node.web.fields import secret
from node.web.forms import Form
from node.web.i18n import Words
from node.web.setting_up import sealed_kit
from node.web.visits import Answer, Download, Forbidden, Page, Screens, Visit
from node.web.zipping import zipped

__all__ = ["SCREENS"]

SCREENS = Screens()

NOTHING = Form()
PASSPHRASE = secret("passphrase")
AGAIN = secret("again")
BACKUP = Form(PASSPHRASE, AGAIN)
SHORTEST_PASSPHRASE = 16
"""It may be guessed at in peace by whoever has the file."""
_PAGE = "/my/export"
_CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ExportView:
    """`may_back_up`: nobody else lives here, so that the whole node is this owner's own."""

    is_vendor: bool
    may_back_up: bool


@SCREENS.get(_PAGE)
async def export(visit: Visit) -> Answer:
    visit.confirmed()
    account = visit.viewer.account
    alone = await visit.look(lambda desk: is_alone(desk, account))
    view = ExportView(account.kind is AccountKind.VENDOR, alone)
    return Page("export/export.html", view, visit.form_or(BACKUP))


@SCREENS.post(f"{_PAGE}/everything", again=export)
async def everything(visit: Visit) -> Answer:
    """All that the account holds, in one archive that is made while it is sent."""
    visit.confirmed(_PAGE)
    await visit.read(NOTHING)
    return Download(zipped(_pieces(visit), visit.now), _name(visit, "zip"), "application/zip")


async def _pieces(visit: Visit) -> AsyncIterator[tuple[str, bytes]]:
    yield "README.txt", _read_me(visit).encode()
    async for name, piece in archive_of(visit.node, visit.viewer.account):
        yield name, piece


@SCREENS.post(f"{_PAGE}/deals", again=export)
async def deals(visit: Visit) -> Answer:
    visit.confirmed(_PAGE)
    await visit.read(NOTHING)
    rows = deals_csv(visit.node, visit.viewer.account, visit.locale)
    return Download(rows, _name(visit, "csv", "deals"), _CSV)


@SCREENS.post(f"{_PAGE}/contacts", again=export)
async def contacts(visit: Visit) -> Answer:
    visit.confirmed(_PAGE)
    await visit.read(NOTHING)
    rows = contacts_csv(visit.node, visit.viewer.account, visit.locale)
    return Download(rows, _name(visit, "csv", "contacts"), _CSV)


@SCREENS.post(f"{_PAGE}/backup", again=export)
async def backup(visit: Visit) -> Answer:
    """The whole node, keys and all, sealed by a passphrase: only for whoever lives here alone."""
    visit.confirmed(_PAGE)
    filled, account, _ = await visit.read(BACKUP), visit.viewer.account, visit.words
    if not await visit.look(lambda desk: is_alone(desk, account)):
        raise Forbidden(_("Others live on this node, too. Whoever runs it makes the backup: obverse backup"))
    passphrase = unicodedata.normalize("NFKC", filled[PASSPHRASE])
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise filled.refused(
            "passphrase",
            _("This has %(count)s characters.", count=len(passphrase)),
            _("Use at least %(least)s.", least=SHORTEST_PASSPHRASE),
        )
    if filled[AGAIN] != filled[PASSPHRASE]:
        raise filled.refused("again", _("This is not the same."), _("Type the passphrase once more."))
    name = _name(visit, "obverse")
    return Download(await sealed_kit(visit.node, passphrase, name), name)


def _name(visit: Visit, ending: str, what: str = "") -> str:
    """`ana-ana.example-2026-11-23.zip`."""
    host = visit.node.config.host.replace(":", "-")
    parts = (visit.viewer.account.name, host, what, f"{visit.now:%Y-%m-%d}")
    return "-".join(part for part in parts if part) + f".{ending}"


# --- what is in it ----------------------------------------------------------------------------------------


def _read_me(visit: Visit) -> str:
    _ = visit.words
    handle = f"@{visit.viewer.account.name}@{visit.node.config.host}"
    at = f"{visit.now:%Y-%m-%d %H:%M} UTC"
    lines = [
        _("All that %(handle)s holds, as it was at %(at)s.", handle=handle, at=at),
        "",
        _("Each file but the first has one JSON object a line. The node went on working meanwhile."),
        "",
        *(f"{name:<18} {words}" for name, words in _contents(_)),
        "",
        _(
            "Messages, documents and posts are there byte for byte: “body” is the exact text that was signed,"
            " with its SHA-256 beside it; “body_base64” holds what is no text."
        ),
        "",
        _(
            "Not in it: private keys, the password, passkeys, and where you are logged in. They are in a"
            " backup, and nowhere else."
        ),
        "",
    ]
    return "\r\n".join(lines)


def _contents(_: Words) -> list[tuple[str, str]]:
    return [
        ("account.json", _("Who you are here, your public keys, your settings")),
        ("names.ndjson", _("The throw-away names that you used, with their public keys")),
        ("contacts.ndjson", _("Whom you know")),
        ("followers.ndjson", _("Who follows you")),
        ("following.ndjson", _("Whom you follow, asked, or followed once")),
        ("shunned.ndjson", _("Whom you have muted or blocked")),
        ("moves.ndjson", _("Who of those you know has moved")),
        ("intents.ndjson", _("What you said that you want, budget and all")),
        ("drafts.ndjson", _("What you have not said yet")),
        ("deals.ndjson", _("Each deal as your side holds it")),
        ("messages.ndjson", _("Every message of every deal, as it came or went")),
        ("documents.ndjson", _("The documents that showed whose keys signed them")),
        ("posts.ndjson", _("What was published, by you and about you")),
        ("pictures.ndjson", _("Your pictures, whole")),
        ("reading.ndjson", _("What you read of those whom you follow")),
        ("reactions.ndjson", _("What you liked and passed on")),
        ("conversations.ndjson", _("Your conversations with people of other servers")),
        ("said.ndjson", _("What was said in them, by you and to you")),
        ("quotes.ndjson", _("Your quotes to accounts without a node")),
        ("asked.ndjson", _("What you told accounts without a node of your intents")),
        ("recorded.ndjson", _("Offers that you recorded from messages")),
        ("catalogue.ndjson", _("What you sell")),
        ("rules.ndjson", _("By which rules your node makes offers")),
        ("notices.ndjson", _("What your node told you")),
        ("outbox.ndjson", _("What has not arrived yet")),
        ("unread.ndjson", _("What came and could not be read")),
    ]
