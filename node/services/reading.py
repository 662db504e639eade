"""What our accounts read: Notes of those whom they follow, passed on or their own; and likes and shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.notes import Note, Visibility
from node.domain.wordings import stood_before, wording
from node.sending.reacting import send_reaction, send_undo
from node.services.following import REMEMBERED_FOR
from node.store.ports import FollowState, Post
from node.store.reading import GivenReaction, Reaction, ReactionKind, Reading, Tally

__all__ = [
    "MOST_A_DAY",
    "Passed",
    "Target",
    "amend_readings",
    "drop_actor",
    "drop_note",
    "drop_share",
    "find_reading",
    "give",
    "pass_on",
    "react",
    "readers_of",
    "shelve",
    "take_back",
    "tally_of",
    "unreact",
    "unreact_by_id",
]

MOST_A_DAY = 300
"""So much of one actor, its own and passed on, is put into one timeline in a day."""
MOST_REACTIONS_A_DAY = 500
"""So many likes and shares of one actor are counted in a day."""
MOST_REACTIONS = 20_000
"""So many of one post; then nobody counts."""
_DAY = timedelta(days=1)


# --- what comes in ----------------------------------------------------------------------------------------


def readers_of(desk: Desk, actor: str, note_id: str = "") -> list[str]:
    """The accounts that follow an actor and hear it, and do not have this Note yet."""
    follows = (one.account for one in desk.tx.follows.of_actor(actor))
    return [
        account
        for account in follows
        if _hears(desk, account, actor)
        and desk.tx.readings.get(account, note_id) is None
        and desk.tx.readings.came_since(account, actor, desk.now - _DAY) < MOST_A_DAY
    ]


def _hears(desk: Desk, account: str, actor: str) -> bool:
    return not (desk.tx.shunned.is_muted(account, actor) or desk.tx.shunned.is_blocked(account, actor))


def shelve(desk: Desk, note: Note, form: str, *, is_offer: bool = False) -> list[Reading]:
    """Put what somebody says into the timelines of those who follow them.

    Shapes: `note` came from its author. What is for some alone is a conversation; so is an answer to somebody
            whom the reader does not read.
    """
    if note.visibility is Visibility.DIRECT or desk.tx.gone.has(note.author, note.id, desk.now):
        return []
    made = []
    for account in readers_of(desk, note.author, note.id):
        if _goes_on_here(desk, account, note):
            followed = desk.tx.follows.get(account, note.author)
            assert followed is not None  # it is whom `readers_of` asked for
            made.append(
                Reading(
                    account,
                    note,
                    desk.now,
                    form,
                    name=followed.name,
                    handle=followed.handle,
                    is_offer=is_offer,
                )
            )
    return [reading for reading in made if desk.tx.readings.add(reading)]


def _goes_on_here(desk: Desk, account: str, note: Note) -> bool:
    """Whether its reader has what it answers, or it answers nobody else."""
    if not note.in_reply_to:
        return True
    if desk.is_ours(note.in_reply_to) or desk.tx.readings.get(account, note.in_reply_to) is not None:
        return True
    return all(mention.actor in (note.author, account) for mention in note.mentions)


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody passes a Note on: who, and by which act."""

    actor: str
    share_id: str


def pass_on(desk: Desk, passed: Passed, reading: Reading) -> list[Reading]:
    """Put what somebody passes on into the timelines of those who follow them.

    Shapes: `reading` holds the Note as its own origin shows it, and who its author is.
    What was taken back before it came is left alone.
    Spec:   `security F08`: what is not for everybody is not shown, whoever passes it on.
    """
    note = reading.note
    if desk.tx.undone.take(passed.actor, passed.share_id, desk.now):
        return []
    if not note.visibility.is_open or desk.tx.gone.has(note.author, note.id, desk.now):
        return []
    made = []
    for account in readers_of(desk, passed.actor, note.id):
        followed = desk.tx.follows.get(account, passed.actor)
        sharer = followed.name or followed.handle if followed is not None else passed.actor
        if _hears(desk, account, note.author) and note.author != account:
            made.append(
                replace(
                    reading,
                    account=account,
                    at=desk.now,
                    shared_by=passed.actor,
                    share_id=passed.share_id,
                    sharer=sharer,
                )
            )
    return [one for one in made if desk.tx.readings.add(one)]


def amend_readings(desk: Desk, note: Note, form: str, *, is_offer: bool = False) -> int:
    """Their newer wording stands, in every timeline; how many those are.

    Shapes: of two of the same second the one that came later is the newer (`wordings`).
    An older one, one that says no time, or one that has become something else changes nothing; one that is no
    longer for its readers goes.
    """
    changed = 0
    for reading in desk.tx.readings.of_note(note.id):
        before = reading.note
        stood = _stood_before(note, reading)
        if before.author != note.author or reading.form != form or stood is None:
            continue
        changed += 1
        if note.visibility is Visibility.DIRECT or (reading.shared_by and not note.visibility.is_open):
            desk.tx.readings.remove(reading.account, note.id)
            continue
        note_now = replace(note, published_at=before.published_at)
        desk.tx.readings.change(replace(reading, note=note_now, form=form, is_offer=is_offer, stood=stood))
    return changed


def _stood_before(after: Note, reading: Reading) -> tuple[str, ...] | None:
    before = reading.note
    return stood_before(
        after.updated_at,
        _wording_of(after),
        moment=before.updated_at or before.published_at,
        before=_wording_of(before),
        stood=reading.stood,
    )


def _wording_of(note: Note) -> str:
    return wording(note.content, note.title, note.summary, note.language, note.attachments)


def drop_note(desk: Desk, author: str, note_id: str) -> int:
    """Its author has deleted it: it is in no timeline any more."""
    readings = desk.tx.readings.of_note(note_id)
    gone = [reading for reading in readings if reading.note.author == author]
    for reading in gone:
        desk.tx.readings.remove(reading.account, note_id)
    return len(gone)


def drop_share(desk: Desk, actor: str, *, share_id: str = "", note_id: str = "") -> int:
    """Somebody takes back what they passed on, by the act's id or by what it was about.

    Where it has not come yet, and somebody here would read it, the act's id is remembered.
    """
    found = desk.tx.readings.of_share(actor, share_id)
    found += [one for one in desk.tx.readings.of_note(note_id) if one.shared_by == actor]
    if not found and share_id and readers_of(desk, actor):
        desk.tx.undone.add(actor, share_id, desk.now + REMEMBERED_FOR)
    return sum(desk.tx.readings.remove(one.account, one.note.id) for one in found)


def drop_actor(desk: Desk, actor: str) -> int:
    """An actor is gone, and what it said with it."""
    return desk.tx.readings.remove_of(actor)


# --- what others think of ours ----------------------------------------------------------------------------


def react(desk: Desk, reaction: Reaction) -> bool:
    """Count a like or a share of a post of ours: each actor once. Whether it counts.

    What not everybody may read is passed on by nobody, and liked by its readers. One that was undone before
    it came is left alone.
    """
    if desk.tx.undone.take(reaction.actor, reaction.activity_id, desk.now):
        return False
    post = _post(desk, reaction.post_id)
    if (
        post is None
        or not _may(desk, post, reaction)
        or desk.tx.shunned.is_blocked(post.account, reaction.actor)
    ):
        return False
    reactions = desk.tx.reactions
    if reactions.get(post.id, reaction.actor, reaction.kind) is None:
        there = reactions.tally([post.id]).get(post.id, Tally())
        is_full = there.likes + there.shares >= MOST_REACTIONS
        if is_full or reactions.came_since(reaction.actor, desk.now - _DAY) >= MOST_REACTIONS_A_DAY:
            return False
    reactions.add(reaction)
    return True


def _post(desk: Desk, post_id: str) -> Post | None:
    post = desk.tx.posts.get(post_id)
    is_there = post is not None and post.deleted_at is None and post.author == post.account
    return post if is_there else None


def _may(desk: Desk, post: Post, reaction: Reaction) -> bool:
    if reaction.actor == post.account:
        return False
    if post.visibility.is_open:
        return True
    if reaction.kind is ReactionKind.SHARE:
        return False
    if any(actor == reaction.actor for actor, _ in post.named):
        return True
    follower = desk.tx.followers.get(post.account, reaction.actor)
    is_follower = follower is not None and follower.state is FollowState.ACCEPTED
    return is_follower and post.visibility is Visibility.FOLLOWERS


def unreact(desk: Desk, actor: str, post_id: str, kind: ReactionKind, activity_id: str = "") -> bool:
    """Somebody takes it back, named by what it was about; where that has not come yet, it is remembered."""
    if desk.tx.reactions.remove(post_id, actor, kind):
        return True
    if activity_id and _post(desk, post_id) is not None:
        desk.tx.undone.add(actor, activity_id, desk.now + REMEMBERED_FOR)
    return False


def unreact_by_id(desk: Desk, actor: str, activity_id: str) -> bool:
    """The same, named by the act's id: a like, a share of ours, or a share of somebody else's."""
    found = desk.tx.reactions.by_activity(actor, activity_id)
    if found is not None:
        return desk.tx.reactions.remove(found.post_id, actor, found.kind)
    return drop_share(desk, actor, share_id=activity_id) > 0


def tally_of(desk: Desk, post_id: str) -> Tally:
    """How many like a post of ours, and how many have passed it on."""
    return desk.tx.reactions.tally([post_id]).get(post_id, Tally())


# --- what our accounts think of others' -------------------------------------------------------------------


def find_reading(desk: Desk, account: Account, note_id: str) -> Reading:
    """A Note in an account's timeline. Raises: InvalidInput."""
    found = desk.tx.readings.get(account.id, note_id)
    if found is None:
        wrong, right = "there is no such post in what you read", "It may have been taken back."
        raise InvalidInput("post", wrong, right)
    return found


@dataclass(frozen=True, slots=True)
class Target:
    """A post that an account likes or passes on; `inbox` is where its author is told."""

    note: Note
    inbox: str


def give(desk: Desk, account: Account, target: Target, kind: ReactionKind) -> GivenReaction:
    """Like a post, or pass it on; what was done before is not done again.

    Raises: InvalidInput for one that is the account's own, or not for everybody to be passed on.
    """
    note = target.note
    before = desk.tx.reactions.given(account.id, note.id, kind)
    if before is not None:
        return before
    if note.author == account.id:
        raise InvalidInput("post", "it is your own", "Choose somebody else's.")
    if kind is ReactionKind.SHARE and not note.visibility.is_open:
        raise InvalidInput("post", "it is not for everybody", "Leave it among those whom it is for.")
    given = GivenReaction(
        account.id,
        note.id,
        kind,
        desk.iri("activities"),
        note.author,
        target.inbox,
        desk.signing_time,
        is_listed=note.visibility is Visibility.PUBLIC,
    )
    desk.tx.reactions.give(given)
    send_reaction(desk, account, given)
    return given


def take_back(desk: Desk, account: Account, note_id: str, kind: ReactionKind) -> None:
    """Like it no longer, or no longer pass it on. Raises: InvalidInput where it was not so."""
    given = desk.tx.reactions.given(account.id, note_id, kind)
    if given is None:
        raise InvalidInput("post", "there is nothing to take back", "It may have been taken back already.")
    desk.tx.reactions.take_back(account.id, note_id, kind)
    send_undo(desk, account, given)
