"""Getting to know a vendor: what its server shows of it, and whether its handle holds, before it is kept.

Nothing is saved by looking. Everything that can go wrong is one of a closed set, so that every front can say
it in its own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import anyio

from federation.errors import AddressRefused, FederationError, FetchFailed, InvalidIri
from federation.ids import host
from federation.webfinger import parse_handle
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.policy import PROTOCOL
from node.workflows.lookups import SeenActor, contact_of, known_contact, resolve, see_actor

__all__ = ["WITHIN_S", "Acquaintance", "Unknown", "Why", "keep", "look_up", "read_reference"]

WITHIN_S = 10.0
"""All of a look-up, however many servers it asks."""
_SELLERS = ("Organization", "Service", "Group")


class Why(StrEnum):
    """Why nobody is found."""

    ADDRESS = "address"
    """What was typed is neither a handle nor a link."""
    NOBODY = "nobody"
    """The server answers, and knows of nobody there."""
    SILENT = "silent"
    """The server does not answer, or not in time."""
    CLOSED = "closed"
    """An address that this node does not open."""
    BLOCKED = "blocked"
    """The server is on this node's own list of those that it does not hear."""
    SELF = "self"
    """It is the one who asks."""


class Unknown(Exception):
    """Nobody is found; `detail` is the toolkit's sentence, "" for none."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(detail or why.value)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Somebody as their server shows them now.

    Shapes: `kind` is the actor's type; `offers` how many standing offers it lists, None where it does not
            say; `before` what was remembered of it, None for somebody new.
    """

    contact: Contact
    kind: str
    offers: int | None
    before: Contact | None
    shared_inbox: str = ""

    @property
    def is_node(self) -> bool:
        """Whether it reads intents."""
        return PROTOCOL in self.contact.implements

    @property
    def is_seller(self) -> bool:
        """Whether it can make offers: an organisation, or an account of other software, which may be one."""
        return self.kind in _SELLERS or (not self.is_node and self.kind == "Person")

    @property
    def has_new_keys(self) -> bool:
        """Whether it signs with other keys than those that were remembered."""
        return self.before is not None and bool(self.before.keys) and self.before.keys != self.contact.keys


def read_reference(text: str) -> str:
    """A handle or a link as it was typed, as one of ours; a link may come without its `https://`."""
    typed = text.strip()
    is_link = "://" in typed or typed.startswith(("@", "acct:")) or "@" in typed.partition("/")[0]
    return typed if is_link or "." not in typed.partition("/")[0] else f"https://{typed}"


async def look_up(node: Node, account: Account, reference: str) -> Acquaintance:
    """Find somebody by handle or link, and what shows who that is. Nothing is kept.

    Units:  within `WITHIN_S` seconds.
    Raises: Unknown.
    Spec:   RFC 7033; `security C15, C16`.
    """
    try:
        with anyio.fail_after(WITHIN_S):
            return await _look_up(node, account, read_reference(reference))
    except TimeoutError:
        raise Unknown(Why.SILENT) from None
    except InvalidIri as error:
        raise Unknown(Why.ADDRESS, str(error)) from None
    except AddressRefused as error:
        raise Unknown(Why.CLOSED, str(error)) from None
    except (FetchFailed, OSError) as error:
        raise Unknown(Why.SILENT, str(error)) from None
    except FederationError as error:
        raise Unknown(Why.NOBODY, str(error)) from None


async def _look_up(node: Node, account: Account, reference: str) -> Acquaintance:
    _check_blocks(node, reference)
    known = await node.look(lambda desk: _actor_known(desk, account, reference))
    seen = await see_actor(node, known or await resolve(node, reference))
    if seen.actor.id == account.id:
        raise Unknown(Why.SELF)
    is_checked = not known and not _is_link(reference)  # by `resolve`, in both directions
    is_proven = is_checked or await _is_proven(node, seen)
    contact = contact_of(account, seen, proven_at=seen.fetched_at if is_proven else None)
    before = await node.look(lambda desk: desk.tx.contacts.get(account.id, contact.actor))
    offers = await _count_offers(node, seen)
    return Acquaintance(contact, seen.actor.type, offers, before, seen.actor.shared_inbox)


def _is_link(reference: str) -> bool:
    return "://" in reference


def _check_blocks(node: Node, reference: str) -> None:
    named = host(reference) if _is_link(reference) else parse_handle(reference).host.partition(":")[0]
    if node.blocks(named):
        raise Unknown(Why.BLOCKED)


def _actor_known(desk: Desk, account: Account, reference: str) -> str:
    """Whom a reference has named before, or an account of ours by its page; "" for nobody."""
    found = known_contact(desk.tx.contacts.all(account.id), reference)
    page = f"{desk.setting.base_url}/@"
    ours = desk.tx.accounts.by_name(reference.removeprefix(page)) if reference.startswith(page) else None
    return found.actor if found is not None else ours.id if ours is not None else ""


async def _is_proven(node: Node, seen: SeenActor) -> bool:
    """Whether the host of its handle names this very actor; a host that does not answer proves nothing."""
    handle = f"@{seen.actor.preferred_username}@{seen.actor.id.split('://', 1)[1].partition('/')[0]}"
    try:
        return await resolve(node, handle) == seen.actor.id
    except (FederationError, OSError):
        return False


async def _count_offers(node: Node, seen: SeenActor) -> int | None:
    """How many standing offers its collection `featured` counts, ours from the store."""
    collection = seen.actor.raw.get("featured")
    if seen.actor.id.startswith(f"{node.config.base_url}/"):
        return await node.look(lambda desk: len(desk.tx.posts.all(seen.actor.id, "standing offer")))
    if not isinstance(collection, str):
        return None
    try:
        total = (await node.fetcher.fetch(collection)).json.get("totalItems")
    except (FederationError, OSError):
        return None
    return total if isinstance(total, int) and total >= 0 else None


async def keep(node: Node, found: Acquaintance) -> Contact:
    """Remember somebody who was found."""
    await node.work(lambda desk: desk.tx.contacts.save(found.contact))
    return found.contact
