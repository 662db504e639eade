"""Where messages go: does an inbox take what it must not, and does it answer at all? And the collections."""

from __future__ import annotations

from collections.abc import AsyncIterator

from federation.errors import FetchError
from federation.ids import parse_iri, same_origin
from federation.jsonld import as_id, type_names
from federation.messages import HttpMessage, JsonObject
from federation.ports import SignatureSpec
from federation.strictjson import dump_json
from federation.vocab import ACTIVITY_JSON, AS_CONTEXT
from node.domain.sayings import said
from node.examination.asking import Asker, json_of
from node.examination.findings import Check, Finding, failed, fine, plain, trouble, warned

__all__ = ["collection_findings", "harmless", "inbox_findings"]

_NOBODY = "https://nobody.invalid/actor"
_COLLECTIONS = frozenset({"Collection", "OrderedCollection"})


def harmless(actor: str, inbox: str, mark: str = "") -> bytes:
    """An activity that means nothing: somebody has looked at an inbox. Without a mark always the same bytes,
    so that whoever keeps it keeps it once.
    """
    return dump_json(
        {
            "@context": AS_CONTEXT,
            "id": f"{actor}#examination{mark}",
            "type": "View",
            "actor": actor,
            "object": inbox,
        }
    )


async def inbox_findings(asker: Asker, document: JsonObject) -> AsyncIterator[Finding]:
    """What each inbox says to a message that nobody has signed. Raises: Spent."""
    endpoints = document.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    for check, place in ((Check.INBOX, document.get("inbox")), (Check.SHARED_INBOX, shared)):
        inbox = as_id(place)
        if inbox is None:
            if check is Check.SHARED_INBOX:
                yield fine(check, said("there is none: each follower is written to"))
        elif same_origin(inbox, document.get("id")):
            yield await _unsigned(asker, check, inbox)
        elif check is Check.SHARED_INBOX:  # the other one is told of among the properties
            fix = said("Keep an actor's mailboxes on its own origin.")
            yield warned(check, said("it lies on another host"), fix)


async def _unsigned(asker: Asker, check: Check, inbox: str) -> Finding:
    fix = said("Let POST reach the server there, at the address that the actor names.")
    ours = asker.examiner.ours
    body = harmless(ours.node_actor if ours is not None else _NOBODY, inbox)
    try:
        answer = await asker.post(parse_iri(inbox), ACTIVITY_JSON, body)
    except FetchError as error:
        return failed(check, trouble(error), fix)
    return _judged(check, answer)


def _judged(check: Check, answer: HttpMessage) -> Finding:
    status = answer.status
    seen = said("an unsigned message is answered %(status)s", status=str(status))
    if status in (401, 403):
        return fine(check, seen)
    if 200 <= status < 300:
        fix = said(
            "Check signatures before the answer, with 401 where they fail: nobody sees if it judges later."
        )
        return warned(check, seen, fix)
    if status >= 500:
        fix = said("Look in its log: others try again for days, and then give the account up.")
        return failed(check, seen, fix)
    if status in (404, 405, 410) or 300 <= status < 400:
        fix = said("Let the actor name the address where messages are taken; nobody follows redirects there.")
        return failed(check, seen, fix)
    if status == 421:
        return failed(check, seen, said("Let the proxy hand the Host header on as it came."))
    fix = said("Answer 401 where a signature is missing, so that senders know what to mend.")
    return warned(check, seen, fix)


async def collection_findings(
    asker: Asker, document: JsonObject, spec: SignatureSpec | None
) -> AsyncIterator[Finding]:
    """Whether what is named is a collection. Raises: Spent."""
    for check, name in ((Check.OUTBOX, "outbox"), (Check.FOLLOWERS, "followers")):
        place = as_id(document.get(name))
        if place is not None:
            yield await _collection(asker, check, place, document, spec)


async def _collection(
    asker: Asker, check: Check, place: str, document: JsonObject, spec: SignatureSpec | None
) -> Finding:
    fix = said("Answer with an OrderedCollection and its totalItems, and keep its items back if you like.")
    if not same_origin(place, document.get("id")):
        return warned(check, said("it lies on another host"), fix)
    try:
        answer = await asker.follow(parse_iri(place), ACTIVITY_JSON, spec=spec)
    except FetchError as error:
        return warned(check, trouble(error), fix)
    if answer.status in (401, 403, 404):
        return fine(check, said("answered %(status)s: it is kept back", status=str(answer.status)))
    found = json_of(answer) if answer.status == 200 else None
    if found is None or _COLLECTIONS.isdisjoint(type_names(found)):
        kind = plain(", ".join(type_names(found)) if found is not None else "-")
        seen = said("it answered %(status)s with %(kind)s", status=str(answer.status), kind=kind)
        return warned(check, seen, fix)
    total = found.get("totalItems")
    counted = total if isinstance(total, int) else None
    if counted is None:
        return fine(check, said("a collection that does not say how many it holds"))
    return fine(check, said("a collection of %(n)s", n=counted))
