"""What the page of an examination shows: how far it is, and each finding in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.domain.accounts import Account
from node.examination import Check, Finding, State
from node.examination.examinations import Examination
from node.web.events import mark_of
from node.web.i18n import N_, Locale
from node.web.sayings import sentence

__all__ = ["CHECKS", "DoctorView", "FindingLine", "doctor_view", "watched"]

CHECKS: Mapping[Check, str] = {
    Check.ADDRESS: N_("Address"),
    Check.TLS: N_("Encryption"),
    Check.CERTIFICATE: N_("Certificate"),
    Check.CLOCK: N_("Clock"),
    Check.HOST_META: N_("host-meta"),
    Check.NODEINFO: N_("NodeInfo"),
    Check.ROBOTS: N_("Search engines"),
    Check.WEBFINGER: N_("Handle (WebFinger)"),
    Check.SUBJECT: N_("Handle: whose it is"),
    Check.SELF_LINK: N_("Handle: link to the account"),
    Check.WEBFINGER_TYPE: N_("Handle: kind of answer"),
    Check.SCRIPTS: N_("Handle: open to pages elsewhere"),
    Check.UNKNOWN_NAME: N_("Handle that nobody has"),
    Check.NO_RESOURCE: N_("Question without a handle"),
    Check.BY_ADDRESS: N_("Handle by address"),
    Check.WAY_BACK: N_("Way back to the handle"),
    Check.UNSIGNED_FETCH: N_("Asked without a signature"),
    Check.SIGNED_FETCH: N_("Asked with a signature"),
    Check.RFC9421_FETCH: N_("Asked with a newer signature"),
    Check.CONTENT_TYPE: N_("Kind of document"),
    Check.PROFILE_TYPE: N_("Asked for JSON-LD"),
    Check.PAGE: N_("Page for people"),
    Check.VARY: N_("Page and document at one address"),
    Check.ID: N_("Id"),
    Check.PROPERTIES: N_("What it says of itself"),
    Check.KEY: N_("Key"),
    Check.MULTIKEY: N_("Key for what it signs"),
    Check.CAPABILITIES: N_("What it can do"),
    Check.INBOX: N_("Inbox"),
    Check.SHARED_INBOX: N_("Shared inbox"),
    Check.OUTBOX: N_("Outbox"),
    Check.FOLLOWERS: N_("Followers"),
    Check.OURS: N_("Whether it is your node"),
    Check.AS_SENT: N_("Arrives as it was sent"),
    Check.LARGE_BODY: N_("Large messages"),
    Check.PROXY_HEADERS: N_("What strangers claim"),
    Check.CONNECTIONS: N_("Connections"),
    Check.BOUNDS: N_("How far the look went"),
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """`tone` is that of its badge; `seen` and `fix` are sentences, `fix` "" where all is well."""

    what: str
    state: State
    seen: str
    fix: str

    @property
    def tone(self) -> str:
        return {State.OK: "good", State.WARNING: "warn", State.FAILED: "bad"}[self.state]


@dataclass(frozen=True, slots=True)
class DoctorView:
    """`examined` is "" where nothing was looked at yet; what is to be mended stands first in `lines`."""

    own_handle: str
    mark: str
    examined: str = ""
    began_at: datetime | None = None
    is_over: bool = True
    is_cut_off: bool = False
    lines: tuple[FindingLine, ...] = ()

    def count(self, state: str) -> int:
        return len([line for line in self.lines if line.state == state])


def watched(examination: Examination | None) -> tuple[object, ...]:
    """What a nudge is worth: something more was found, or it has ended."""
    if examination is None:
        return ()
    return (examination.began_at, len(examination.findings), examination.is_over)


def doctor_view(account: Account, host: str, examination: Examination | None, locale: Locale) -> DoctorView:
    handle, mark = f"@{account.name}@{host}", mark_of(watched(examination))
    if examination is None:
        return DoctorView(handle, mark)
    rank = [State.FAILED, State.WARNING, State.OK]
    listed = sorted(examination.findings, key=lambda finding: rank.index(finding.state))
    return DoctorView(
        handle,
        mark,
        examination.examined,
        examination.began_at,
        examination.is_over,
        examination.is_cut_off,
        tuple(_line(finding, locale) for finding in listed),
    )


def _line(finding: Finding, locale: Locale) -> FindingLine:
    what = locale.words(CHECKS[finding.check])
    return FindingLine(what, finding.state, sentence(finding.seen, locale), sentence(finding.fix, locale))
