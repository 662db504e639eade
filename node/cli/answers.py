"""A person's answers to offers: compare, ask, counter, accept, decline; or buy at once."""

from __future__ import annotations

import click

from federation.messages import JsonObject
from node.cli.front import Front, command
from node.cli.render import ago, money, short_id, table, tone
from node.cli.words import item_words, pairs, tell_deal
from node.domain.reasons import DECLINE_REASONS

__all__ = ["COMMANDS"]


# --- comparing --------------------------------------------------------------------------------------------


@command("offers", "obverse offers 7xKqPz")
@click.argument("of", metavar="[INTENT|DEAL]", required=False)
@click.option("--all", "everything", is_flag=True, help="Those that ended, too.")
def offers(front: Front, of: str | None, everything: bool) -> None:
    """Compare the offers of an intent, of one deal, or all: the cheapest first."""
    front.show(front.ask("offers.list", of=of, all=everything), _show_offers)


def _show_offers(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Offer", "From", "Total", "What", "Wishes met", "By", "Ends", "State", "Signature"],
        [
            (
                short_id(row["id"]),
                row["peer_name"],
                money(row["price"]),
                item_words(row),
                _met(row),
                ago(row["due_at"]),
                ago(row["ends_at"]) + (", firm" if row["firm"] else ""),
                tone(row["state"]),
                _signed(row["signature"]),
            )
            for row in result["offers"]
        ],
        empty="No offers. What you asked for: obverse intent list",
    )
    for row in result["offers"]:
        _show_fields(front, row)
    for one in result["without"]:
        front.say(f"{short_id(one['deal'])}  {one['peer_name']}: {one['state']}")


def _met(row: JsonObject) -> str:
    answers, wishes = row.get("answers"), row["wishes"]
    if not wishes:
        return "-"
    met = sum(answer["meets"] == "yes" for answer in answers or ())
    others = [
        f"{wishes.get(answer['wish'], answer['wish'])}: {answer['meets']}"
        for answer in answers or ()
        if answer["meets"] in ("no", "partly")
    ]
    return "\n".join([f"{met} of {len(wishes)}", *others])


def _signed(signature: JsonObject | None) -> str:
    if signature is None:
        return "not kept"
    return "holds" if signature["holds"] else f"DOES NOT HOLD: {signature['words']}"


def _show_fields(front: Front, row: JsonObject) -> None:
    if row["side"] == "customer" and row["state"] == "live" and row["fields_asked"]:
        asked = ", ".join(row["fields_asked"])
        front.say(f"{short_id(row['id'])} asks, if you accept, for: {asked}. Yours to give with --disclose.")


# --- answering --------------------------------------------------------------------------------------------

_REASON = click.Choice(DECLINE_REASONS)


@command("shortlist", "obverse shortlist qU2Lvu")
@click.argument("offer")
def shortlist(front: Front, offer: str) -> None:
    """Tell a vendor that its offer is among the last; this binds nobody."""
    tell_deal(front, "Shortlisted; it binds nobody.", front.ask("deal.shortlist", offer=offer))


@command(
    "accept",
    'obverse accept qU2Lvu --price 289.00 --disclose name="Ana Perez" --disclose addresses="1 Rose Street"',
)
@click.argument("offer")
@click.option("--price", help="What you saw: if it is another by now, nothing is accepted.")
@click.option(
    "--disclose", multiple=True, metavar="FIELD=VALUE", help="What the vendor asked to know. Repeat it."
)
@click.option("--decline-reason", type=_REASON, help="What the others hear (default: no reason).")
@click.option("--losers-may-answer", is_flag=True, help="Let the others make one better offer.")
def accept(
    front: Front,
    offer: str,
    price: str | None,
    disclose: tuple[str, ...],
    decline_reason: str | None,
    losers_may_answer: bool,
) -> None:
    """Accept an offer: it binds you until the vendor's node concludes, at most a day."""
    fields = pairs(disclose, "disclose", 'Write FIELD=VALUE, such as name="Ana Perez".')
    done = front.ask(
        "deal.accept",
        offer=offer,
        price=price,
        disclose=fields,
        decline_reason=decline_reason,
        losers_may_answer=losers_may_answer,
    )
    told = f"They will know your {', '.join(fields)}." if fields else "They learn nothing more about you."
    tell_deal(front, f"Accepted. {told}", done)


@command("decline", "obverse decline qU2Lvu --reason price --may-answer")
@click.argument("offer")
@click.option("--reason", type=_REASON, help="Yours to give or keep.")
@click.option("--may-answer", is_flag=True, help="Let the vendor make one better offer.")
@click.option("--text", help="A word about it.")
def decline(front: Front, offer: str, reason: str | None, may_answer: bool, text: str | None) -> None:
    """Decline an offer."""
    done = front.ask("deal.decline", offer=offer, reason=reason, may_answer=may_answer, text=text)
    tell_deal(front, "Declined.", done)


@command("counter", 'obverse counter qU2Lvu --price 270.00 --text "Yes at 270."')
@click.argument("offer")
@click.option("--price", required=True, help="What you would pay in all.")
@click.option("--text", help="A word about it.")
def counter(front: Front, offer: str, price: str, text: str | None) -> None:
    """End an offer by saying at which price you would take it; at most five rounds."""
    done = front.ask("deal.counter", offer=offer, price=price, text=text)
    tell_deal(front, f"Countered at {price}.", done)


@command("buy", "obverse buy https://shop.example/@shop/9fYq --quantity 2")
@click.argument("url")
@click.option("--quantity", help="How much (default: the least that is sold).")
@click.option("--terms", multiple=True, help="Agreements that you proffer.")
def buy(front: Front, url: str, quantity: str | None, terms: tuple[str, ...]) -> None:
    """Order from a standing offer, by its link, with a throw-away persona: no follow, nothing kept."""
    done = front.ask("order.buy", url=url, quantity=quantity, terms=list(terms))
    ordered = done["offers"][0]
    tell_deal(front, f"Ordered: {item_words(ordered)} for {money(ordered['price'])}.", done)


COMMANDS: tuple[click.Command, ...] = (offers, shortlist, accept, decline, counter, buy)
