"""A shop without a node for the pages to show: asked about the chair by a message; its answer, taken down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.notes import Visibility
from node.domain.offers import Meets
from node.domain.plain_casts import HandDraft
from node.domain.talking import Utterance, heard
from node.domain.values import Money
from node.services.hand_offers import record_offer
from node.services.plain_casts import cast_as_messages, hasten_casts

__all__ = ["PLAIN_SHOP", "leave_asked"]

HOST = "https://mastodon.example"
PLAIN_SHOP = f"{HOST}/users/possil"
SAID = "We have one like that, with armrests: 149 euros, and we bring it on Friday."
CHAIR = "A chair to work at"


def leave_asked(desk: Desk, account: Account) -> None:
    """What its server would have sent is put where it would have come; nobody listens at its address."""
    now = desk.now
    shop = Contact(
        account=account.id,
        actor=PLAIN_SHOP,
        handle="@possil@mastodon.example",
        name="Possil Second Hand",
        inbox=f"{PLAIN_SHOP}/inbox",
        fetched_at=now,
        proven_at=now,
    )
    desk.tx.contacts.save(shop)
    intent = next(one for one in desk.tx.intents.all(account.id) if one.name == CHAIR)
    cast_as_messages(desk, account, intent, (shop,), now)
    hasten_casts(desk, account, intent)
    [thread] = [one for _, one in desk.tx.threads.page(account.id, words=PLAIN_SHOP)]
    said = Utterance(
        account=account.id,
        thread=thread.id,
        id=f"{HOST}/notes/1",
        author=PLAIN_SHOP,
        is_ours=False,
        at=now,
        published_at=now,
        visibility=Visibility.DIRECT,
        content=f"<p>{SAID}</p>",
    )
    desk.tx.threads.add(said)
    desk.tx.threads.save(replace(heard(thread, said, SAID, now)))
    draft = HandDraft(
        goods="Office chair, used, with armrests",
        quantity=intent.quantity,
        price=Money(149_00, intent.currency or "EUR"),
        delivery="They bring it on Friday",
        ends_at=now + timedelta(days=2),
        meets={intent.wishes[0].id: Meets.YES, intent.wishes[1].id: Meets.NO},
        note="A little worn at the edge.",
    )
    record_offer(desk, account, thread.id, draft)
