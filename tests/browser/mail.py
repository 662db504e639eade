"""Mail in every state for the pages to show: waiting for a silent server, given up, and not to be read."""

from __future__ import annotations

from datetime import timedelta

from federation.ports import DeliveryOutcome, HostState, InboundEntry, Outcome
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.store.ports import JobState, QueuedJob

__all__ = ["leave_mail"]

SILENT, GONE = "https://silent.example", "https://gone.example"
LONG_NAME = "https://a-host-with-a-name-that-is-rather-long-for-a-telephone.example/actors/somebody"


async def leave_mail(node: Node, account: Account) -> None:
    """Three deliveries and a dead letter of this account; none of them is about any of its deals."""
    now = node.now()
    body = b'{"type": "Create", "object": {"type": "Note", "content": "<p>It rides well.</p>"}}'
    for host in (SILENT, GONE, LONG_NAME.rpartition("/actors")[0]):
        await node.work(lambda desk, host=host: _queue(desk, account, host, body))  # type: ignore[misc]
    jobs = await node.look(
        lambda desk: desk.tx.deliveries.all(states=(JobState.QUEUED,), actors=[account.id])
    )
    by_host = {job.inbox.partition("/inbox")[0]: job.id for job in jobs}
    later = now + timedelta(hours=5)
    waits = DeliveryOutcome(
        Outcome.RETRY, "no answer: nobody listens there", retry_at=later, hold_until=later
    )
    gone = DeliveryOutcome(Outcome.DEAD, "answered 410, whoever read this inbox is gone", 410, gone=True)
    over = DeliveryOutcome(Outcome.EXPIRED, "answered 503; its time would run out before the next try", 503)
    await node.db.delivery_queue.settle(by_host[SILENT], waits, now)
    await node.db.delivery_queue.settle(by_host[GONE], gone, now)
    await node.db.delivery_queue.settle(by_host[LONG_NAME.rpartition("/actors")[0]], over, now)
    silent = HostState(SILENT, failures=7, failing_since=now - timedelta(hours=9), open_until=later)
    await node.db.host_memory.save(silent)
    entry = InboundEntry(
        recipient=account.id,
        actor=LONG_NAME,
        activity_id=f"{LONG_NAME}/activities/1",
        body=b'{"type": "Offer", "object": {"type": "Agreement", "quantity": "many"}}',
        digest="uEiA",
        received_at=now,
    )
    await node.db.inbox_log.record(entry)
    for found in await node.db.inbox_log.claim(99, now):
        if found.actor == LONG_NAME:
            await node.db.inbox_log.bury(found.id, "InvalidOperation: [<class 'decimal.ConversionSyntax'>]")


def _queue(desk: Desk, account: Account, host: str, body: bytes) -> None:
    desk.tx.deliveries.enqueue(
        QueuedJob(
            activity_id=desk.iri("activities"),
            recipient=f"{host}/actors/somebody",
            inbox=f"{host}/inbox",
            actor=account.id,
            key_id=f"{account.id}#main-key",
            body=body,
            ordering_key="",
            created_at=desk.now - timedelta(hours=9),
            give_up_at=desk.now + timedelta(days=6),
        )
    )
