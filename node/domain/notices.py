"""What an owner is told of: a few topics, each a switch of its own, and which notice belongs to which."""

from __future__ import annotations

from enum import StrEnum

from node.domain.accounts import AccountKind

__all__ = ["TOPICS", "Topic", "topic_of"]


class Topic(StrEnum):
    """One kind of event, as its owner switches it."""

    OFFERS = "offers"
    """A person: an offer came, was taken back, or there will be none."""
    INTENTS = "intents"
    """A vendor: somebody asks, or has taken it back; answered by a rule or not."""
    DRAFTS = "drafts"
    """A vendor: something would fit, but a person must look at it."""
    MESSAGES = "messages"
    ACCEPTANCES = "acceptances"
    """A vendor: an offer was accepted, or something was ordered."""
    DEALS = "deals"
    """Anything else that changed in a deal."""
    ENDING = "ending"
    """A person: an offer is about to end."""
    FEEDBACK = "feedback"
    FOLLOWERS = "followers"
    DELIVERIES = "deliveries"
    """Something was given up and did not arrive."""
    NODE = "node"
    """The node itself: its clock."""


TOPICS: dict[AccountKind, tuple[Topic, ...]] = {
    AccountKind.PERSON: (
        Topic.OFFERS,
        Topic.MESSAGES,
        Topic.DEALS,
        Topic.ENDING,
        Topic.FEEDBACK,
        Topic.FOLLOWERS,
        Topic.DELIVERIES,
        Topic.NODE,
    ),
    AccountKind.VENDOR: (
        Topic.INTENTS,
        Topic.DRAFTS,
        Topic.MESSAGES,
        Topic.ACCEPTANCES,
        Topic.DEALS,
        Topic.FEEDBACK,
        Topic.FOLLOWERS,
        Topic.DELIVERIES,
        Topic.NODE,
    ),
}
"""What there is to be told of, by the kind of account, in the order in which it is shown."""

_OF: dict[str, Topic] = {
    "offer": Topic.OFFERS,
    "undo": Topic.OFFERS,
    "no bid": Topic.OFFERS,
    "intent": Topic.INTENTS,
    "withdraw": Topic.INTENTS,
    "rule-offered": Topic.INTENTS,
    "draft": Topic.DRAFTS,
    "rule-failed": Topic.DRAFTS,
    "ask": Topic.MESSAGES,
    "talk": Topic.MESSAGES,
    "quote": Topic.ACCEPTANCES,
    "accept": Topic.ACCEPTANCES,
    "order": Topic.ACCEPTANCES,
    "ends-soon": Topic.ENDING,
    "feedback": Topic.FEEDBACK,
    "follow": Topic.FOLLOWERS,
    "delivery": Topic.DELIVERIES,
    "clock-doubt": Topic.NODE,
    "clock-trusted": Topic.NODE,
}


def topic_of(kind: str, code: str = "") -> Topic:
    """The topic of a notice, by its code where that tells more than its kind; a change of a deal else."""
    return _OF.get(code) or _OF.get(kind) or Topic.DEALS
