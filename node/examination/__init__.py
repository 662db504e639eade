"""A server looked at from outside, as others see it: ourselves, or whoever does not answer as he should.

    reference → places (name, certificate, clock) → handles (WebFinger) → actors (documents, keys) → inboxes
              → ourselves (what only we can know of our own address)

Each look yields findings as it goes, so that whoever waits sees how far it is. All of it goes through the
guarded client, within `asking.Bounds`.
"""

from node.examination.asking import Bounds, Examiner, Ours
from node.examination.findings import Check, Finding, State
from node.examination.walk import examine

__all__ = ["Bounds", "Check", "Examiner", "Finding", "Ours", "State", "examine"]
