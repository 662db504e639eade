"""What others may do with posts of ours, as servers read it that ask before they let their people act.

The one place where it is decided: strangers may like, answer, pass on and quote what strangers may read.
"""

from __future__ import annotations

from federation.messages import JsonObject, JsonValue
from federation.vocab import PUBLIC
from node.domain.notes import Note, Visibility

__all__ = ["POLICY_TERMS", "interaction_policy"]


def _as_id(name: str) -> JsonObject:
    return {"@id": f"gts:{name}", "@type": "@id"}


POLICY_TERMS: dict[str, JsonValue] = {
    "gts": "https://gotosocial.org/ns#",
    **{
        name: _as_id(name)
        for name in (
            "automaticApproval",
            "canAnnounce",
            "canLike",
            "canQuote",
            "canReply",
            "interactionPolicy",
            "manualApproval",
        )
    },
}
"""The terms of the policy, as a context defines them."""


def interaction_policy(note: Note) -> JsonObject:
    """Who may like, answer, pass on or quote a Note without being asked about.

    What is not for everybody may be liked and answered by its readers, and repeated by its author alone.
    Spec: interop §4.5, GoToSocial's `interactionPolicy`; FEP-044f reads `canQuote` of it.
    """
    if note.visibility.is_open:
        return {name: _rule(PUBLIC) for name in ("canLike", "canReply", "canAnnounce", "canQuote")}
    followers = [f"{note.author}/followers"] if note.visibility is Visibility.FOLLOWERS else []
    readers = [note.author, *followers, *(mention.actor for mention in note.mentions)]
    return {
        "canLike": _rule(*readers),
        "canReply": _rule(*readers),
        "canAnnounce": _rule(note.author),
        "canQuote": _rule(note.author),
    }


def _rule(*allowed: str) -> JsonObject:
    return {"automaticApproval": list(dict.fromkeys(allowed)), "manualApproval": []}
