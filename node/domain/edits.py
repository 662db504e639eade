"""Copies of a value with some members changed, in half the time of `dataclasses.replace`.

A deal has three dozen members and is copied at each step; the library's function looks at each field anew.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["replace"]

if TYPE_CHECKING:  # the type checker knows the library's function, and with it the names of members
    from dataclasses import replace
else:

    def replace(value, /, **changes):
        """A copy of a frozen dataclass of two members or more, all of them given to its constructor by place.

        Raises: KeyError for a member that it does not have.
        """
        places, members_of = _shape_of(type(value))
        members = list(members_of(value))
        for name, member in changes.items():
            members[places[name]] = member
        return type(value)(*members)


@cache
def _shape_of(kind: type[Any]) -> tuple[dict[str, int], attrgetter[tuple[Any, ...]]]:
    """Where each member stands, and what reads them all. One entry a class."""
    names = [field.name for field in fields(kind)]
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)
