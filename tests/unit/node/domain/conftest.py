"""How the tests of the domain let somebody speak."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from node.domain.deals import Deal
from node.domain.errors import Early, Refusal, Superfluous
from node.domain.messages import Kind, Message, Sender
from node.domain.policy import Policy
from node.domain.transitions import Outcome, apply
from tests.builders import NOW, POLICY, a_message

Say = Callable[..., Outcome]
Refused = Callable[..., str]


@pytest.fixture
def say() -> Say:
    """`say(deal, kind, sender, **members)`: a valid message but for the members named, applied at NOW."""

    def say(
        deal: Deal,
        said: Kind | Message,
        sender: Sender,
        *,
        now: datetime = NOW,
        policy: Policy = POLICY,
        may_release: bool = True,
        **members: Any,
    ) -> Outcome:
        message = said
        if isinstance(said, Kind):
            message = a_message(said, deal, sender, **{"at": now, **members})
        assert isinstance(message, Message)
        return apply(deal, message, sender=sender, now=now, policy=policy, may_release=may_release)

    return say


@pytest.fixture
def refused(say: Say) -> Refused:
    """As `say`, for what must be refused: the reason, or "early" or "superfluous"."""

    def refused(deal: Deal, said: Kind | Message, sender: Sender, **members: Any) -> str:
        try:
            outcome = say(deal, said, sender, **members)
        except Early:
            return "early"
        except Superfluous:
            return "superfluous"
        except Refusal as error:
            return str(error.reason)
        raise AssertionError(f"it was taken: {outcome.deal.state}")

    return refused
