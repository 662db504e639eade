"""What a user means: whose command it is, which deal, which category; each as people write it."""

from __future__ import annotations

from node.commands.arguments import Arguments
from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.deals import Deal
from node.domain.errors import InvalidInput
from node.domain.messages import Sender
from node.domain.values import category_iri
from node.services.accounts import find_account
from node.services.dealing import find_deal

__all__ = ["account_for", "category_of", "customer_for", "deal_for", "vendor_for"]


def account_for(desk: Desk, arguments: Arguments) -> Account:
    """The account that acts. Raises: InvalidInput."""
    return find_account(desk, arguments.account)


def customer_for(desk: Desk, arguments: Arguments) -> Account:
    """The person's account that acts. Raises: InvalidInput."""
    return find_account(desk, arguments.account, kind=AccountKind.PERSON)


def vendor_for(desk: Desk, arguments: Arguments) -> Account:
    """The vendor's account that acts. Raises: InvalidInput."""
    return find_account(desk, arguments.account, kind=AccountKind.VENDOR)


def deal_for(desk: Desk, arguments: Arguments, name: str = "deal", *, side: Sender | None = None) -> Deal:
    """The deal that a user names by the end of its id or of an offer's, on the side that it is about.

    Without an account named, every account of the node is asked: most nodes have one, and a deal between two
    of them has two sides.
    Raises: InvalidInput.
    """
    reference = arguments.text(name, 2000)
    accounts = [account_for(desk, arguments)] if arguments.account else desk.tx.accounts.all()
    found, missed = _found_in(desk, accounts, reference)
    fitting = [deal for deal in found if side in (None, deal.side)]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        raise InvalidInput("account", "both sides of this deal are on this node", "Say which with --as.")
    if found:
        raise InvalidInput(
            name, f"you are the {found[0].side} in this deal", f"This is for the {side} to do."
        )
    if missed is None:
        raise InvalidInput(name, "no account is on this node", "Make one with `obverse user add`.")
    raise InvalidInput(name, missed.wrong, missed.right)


def _found_in(desk: Desk, accounts: list[Account], reference: str) -> tuple[list[Deal], InvalidInput | None]:
    found: list[Deal] = []
    missed: InvalidInput | None = None
    for account in accounts:
        try:
            found.append(find_deal(desk, account.id, reference))
        except InvalidInput as error:
            missed = error
    return found, missed


def category_of(text: str, name: str = "category") -> str:
    """A Wikidata item in the one spelling that is compared: from `Q11442` or any of its addresses.

    Raises: InvalidInput.
    """
    found = category_iri(text)
    if found is not None:
        return found
    raise InvalidInput(
        name, f"{text[:80]!r} is no Wikidata item", "Write Q11442 or https://www.wikidata.org/wiki/Q11442."
    )
