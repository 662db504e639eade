"""How an account looks: its image and its header, published with what it says of itself."""

from __future__ import annotations

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.pictures import ReadyPicture
from node.services.media import dress, undress
from node.services.profile import announce_profile
from node.store.media import Purpose

__all__ = ["change_portrait"]


def change_portrait(
    desk: Desk, account: Account, purpose: Purpose, picture: ReadyPicture | None, *, alt: str = ""
) -> bool:
    """Another image (`Purpose.ICON`) or header, or none; those who follow are told. Whether that is new.

    Raises: InvalidInput where the account keeps too much, or the words are too many.
    """
    worn = [(one.digest, one.alt) for one in desk.tx.media.all(account.id, [purpose], place=account.id)]
    if picture is None:
        if not undress(desk, account.id, purpose):
            return False
    elif worn == [(picture.digest, " ".join(alt.split()))]:
        return False
    else:
        dress(desk, account.id, picture, purpose, alt=alt)
    announce_profile(desk, desk.tx.accounts.get(account.id) or account)
    return True
