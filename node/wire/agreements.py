"""The agreement inside offers and accepts: two commitments, and the digest that shows it unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from federation.digest import object_digest
from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from node.domain.offers import AgreementTerms, Item, Link
from node.domain.values import format_time
from node.wire.headers import Header, present
from node.wire.quantities import build_price, build_quantity, read_price, read_quantity
from node.wire.reading import Reader

__all__ = [
    "CONDITIONS",
    "agreement_digest",
    "agreement_digest_of",
    "build_accepted_agreement",
    "build_agreement",
    "build_links",
    "parse_agreement",
    "parse_offered_agreement",
    "parse_resulting_agreement",
    "read_links",
]

CONDITIONS = ("new", "used", "refurbished")
MAX_LINKS = 10
_COMMITMENTS = {"stipulates": "primary", "stipulatesReciprocal": "reciprocal"}
"""Each commitment of an agreement, and the fragment of its id."""
_ADDED = ("id", "attributedTo", "terms")
"""What an Accept adds to the agreement that was offered (`protocol §2`)."""


_SAID_BY_THE_PROPOSAL = ("resourceConformsTo", "provider", "receiver")


def agreement_digest(raw: JsonObject) -> str:
    """The digest of an agreement as it stands in a message, less what an Accept adds to an offered one.

    Shapes: `raw` is the Agreement object; unknown members count, so that nothing can be slipped in or out.
    Raises: ValueError for what JCS refuses.
    Spec:   `protocol §2` "Digests": equal member by member but for `id`, `attributedTo` and `terms`.
    """
    core = {name: value for name, value in raw.items() if name not in _ADDED}
    for name in _COMMITMENTS:
        if isinstance(core.get(name), dict):
            core[name] = {key: value for key, value in core[name].items() if key != "id"}
    return object_digest(core)


def agreement_digest_of(agreement: AgreementTerms) -> str:
    """The same for an agreement that we word ourselves."""
    return agreement_digest(build_agreement(agreement))


# --- reading --------------------------------------------------------------------------------------------


def parse_offered_agreement(activity: Reader, currency: str | None) -> AgreementTerms:
    """The agreement of an offer or an order, which nobody owns yet.

    Raises: Refusal(malformed), also for members that only an Accept may add: its digest leaves them out.
    """
    offered = activity.child("object", "Agreement")
    offered.forbid(*_ADDED, why="the Accept adds it")
    for name in _COMMITMENTS:
        if (commitment := offered.maybe_child(name)) is not None:
            commitment.forbid("id", why="the Accept adds it")
    return parse_agreement(offered, currency)


def parse_resulting_agreement(
    activity: Reader, header: Header, currency: str | None
) -> tuple[str, AgreementTerms, tuple[str, ...]]:
    """The agreement that an Accept results in: its id, what it says, and the terms.

    Raises: Refusal(malformed).
    Spec:   FEP-0837: owned by the accepting actor, its commitments with ids of their own.
    """
    result = activity.child("result", "Agreement")
    agreement_id = result.own_iri("id", header.actor)
    result.same("attributedTo", header.actor, "the sender")
    for name, fragment in _COMMITMENTS.items():
        commitment = result.maybe_child(name)
        if commitment is not None:
            commitment.same("id", f"{agreement_id}#{fragment}", "the agreement's id with its fragment")
    return agreement_id, parse_agreement(result, currency), result.iris("terms", 20)


def parse_agreement(reader: Reader, currency: str | None) -> AgreementTerms:
    """The two commitments; amounts are in the deal's `currency` (an ISO code).

    Raises: Refusal(malformed), also where a commitment says anew what the proposal says: another reader of
            Valueflows would take another currency, good or party from it than we do.
    Spec:   `protocol §3` "Commitment"; `security D04, G14 to G18`.
    """
    primary = reader.child("stipulates", "Commitment")
    reciprocal = reader.maybe_child("stipulatesReciprocal", "Commitment")
    for commitment in (primary, reciprocal):
        if commitment is not None:
            commitment.forbid(*_SAID_BY_THE_PROPOSAL, why="the proposal that it satisfies says it")
    return AgreementTerms(
        primary=primary.iri("satisfies"),
        quantity=read_quantity(primary),
        reciprocal=None if reciprocal is None else reciprocal.iri("satisfies"),
        price=None if reciprocal is None else read_price(reciprocal, currency),
        due_at=primary.maybe_time("due"),
        item=_read_item(primary),
    )


def _read_item(primary: Reader) -> Item | None:
    item = primary.maybe_child("item")
    if item is None:
        return None
    return Item(
        name=item.text("name"),
        sku=item.maybe_text("sku"),
        gtin=item.maybe_text("gtin"),
        brand=item.maybe_text("brand"),
        condition=item.maybe_choice("condition", CONDITIONS),
        url=item.maybe_text("url", 2048),
    )


def read_links(activity: Reader) -> tuple[Link, ...]:
    """The links of a message as they came: whether one may be shown as a link is judged where it is shown.

    Spec: `security G29`.
    """
    found = (part for part in activity.children("attachment", MAX_LINKS) if part.json.get("type") == "Link")
    return tuple(
        Link(name=link.maybe_text("name") or "", href=link.text("href", 2048), rel=_read_rel(link))
        for link in found
    )


def _read_rel(link: Reader) -> tuple[str, ...]:
    listed = as_list(link.json.get("rel"))
    if len(listed) > MAX_LINKS or not all(isinstance(rel, str) and len(rel) <= 200 for rel in listed):
        raise link.refuse("rel", "must be a list of link relations")
    return tuple(listed)


# --- building -------------------------------------------------------------------------------------------


def build_agreement(agreement: AgreementTerms) -> JsonObject:
    """The Agreement object as an offer has it: nobody's yet."""
    return present(
        type="Agreement",
        stipulates=present(
            type="Commitment",
            satisfies=agreement.primary,
            resourceQuantity=build_quantity(agreement.quantity),
            due=format_time(agreement.due_at) if agreement.due_at else None,
            item=_build_item(agreement.item),
        ),
        stipulatesReciprocal=_build_reciprocal(agreement),
    )


def build_accepted_agreement(
    offered: JsonObject, *, agreement_id: str, owner: str, terms: Sequence[str]
) -> JsonObject:
    """An offered agreement once accepted: the same, with an owner, terms, and ids on it and its parts."""
    accepted: JsonObject = {"id": agreement_id, **offered}
    for name, fragment in _COMMITMENTS.items():
        if name in offered:
            accepted[name] = {"id": f"{agreement_id}#{fragment}", **offered[name]}
    return {**accepted, "attributedTo": owner, "terms": list(terms)}


def _build_reciprocal(agreement: AgreementTerms) -> JsonObject | None:
    if agreement.reciprocal is None:
        return None
    return {
        "type": "Commitment",
        "satisfies": agreement.reciprocal,
        "resourceQuantity": build_price(agreement.price),
    }


def _build_item(item: Item | None) -> JsonObject | None:
    if item is None:
        return None
    return present(
        name=item.name,
        sku=item.sku,
        gtin=item.gtin,
        brand=item.brand,
        condition=item.condition,
        url=item.url,
    )


def build_links(links: Sequence[Link]) -> list[JsonValue]:
    return [
        present(type="Link", name=link.name or None, href=link.href, rel=list(link.rel)) for link in links
    ]
