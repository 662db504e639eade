"""Posts of an account: what it says to everybody, to its followers, or to those whom it names."""

from __future__ import annotations

from collections.abc import Callable

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.person import read_wanted
from node.commands.references import account_for, customer_for, vendor_for
from node.commands.registry import Commands
from node.commands.shown import shown_posting, shown_time, shown_words
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.notes import Visibility
from node.domain.values import parse_quantity
from node.services import posting
from node.services.orders import end_posting
from node.services.requests import post_request
from node.services.standing import change_offer
from node.store.ports import Post
from node.store.reading import Tally
from node.workflows.addressees import find_mentioned

__all__ = ["COMMANDS"]

COMMANDS = Commands()
MOST_LISTED = 200
WANTED = "name text category quantity currency gift budget share_budget service until due place wishes terms"
_SEARCHED = 1_000


@COMMANDS.command("post.new", "text visibility warning language to")
async def new_post(node: Node, arguments: Arguments) -> JsonObject:
    """Say something, by default to everybody; whom the words name by a whole handle is sent it, too."""
    visibility = Visibility(arguments.choice("visibility", list(Visibility), Visibility.PUBLIC))
    account = await node.look(lambda desk: account_for(desk, arguments))
    text = arguments.text("text", posting.MOST_CHARS)
    mentioned = await find_mentioned(node, account, text, arguments.texts("to", 20))
    saying = posting.Saying(
        text=text,
        visibility=visibility,
        mentioned=mentioned,
        summary=arguments.maybe_text("warning", 500) or "",
        language=arguments.maybe_text("language", 20) or "",
    )
    return await node.work(lambda desk: _shown(desk, posting.say(desk, account, saying)))


@COMMANDS.command("post.request", WANTED)
async def post_wanted(node: Node, arguments: Arguments) -> JsonObject:
    """Say to everybody, under her own name, what a person wants; the budget only if she shares it."""

    def work(desk: Desk) -> JsonObject:
        account = customer_for(desk, arguments)
        return _shown(desk, post_request(desk, account, read_wanted(arguments, desk.signing_time)))

    return await node.work(work)


@COMMANDS.command("post.list", "visibility limit", reads=True)
async def list_posts(node: Node, arguments: Arguments) -> JsonObject:
    """What the account has said, newest first."""
    chosen = arguments.choice("visibility", ("all", *Visibility), "all")
    limit = arguments.whole("limit", 50, least=1, most=MOST_LISTED)
    visibilities = set(Visibility) if chosen == "all" else {Visibility(chosen)}

    def view(desk: Desk) -> list[JsonObject]:
        account = account_for(desk, arguments)
        posts = desk.tx.posts.own(account.id, visibilities=visibilities, limit=limit)
        return [_shown(desk, post) for post in posts]

    return {"posts": await node.look(view)}


@COMMANDS.command("post.show", "post", reads=True)
async def show_post(node: Node, arguments: Arguments) -> JsonObject:
    """One post, with what it said before."""

    def view(desk: Desk) -> JsonObject:
        post = _post_named(desk, account_for(desk, arguments), arguments.text("post", 2000))
        edits = [
            {"at": shown_time(edit.at), "text": edit.text, "warning": edit.summary or None}
            for edit in desk.tx.posts.edits(post.id)
        ]
        return {**_shown(desk, post), "edits": edits}

    return await node.look(view)


@COMMANDS.command("post.edit", "post text warning language")
async def edit_post(node: Node, arguments: Arguments) -> JsonObject:
    """Say it otherwise, to the same readers; a warning or language that is left out stays."""

    def find(desk: Desk) -> tuple[Account, Post]:
        account = account_for(desk, arguments)
        return account, _post_named(desk, account, arguments.text("post", 2000))

    account, post = await node.look(find)
    text = arguments.text("text", posting.MOST_CHARS)
    before = post.note
    saying = posting.Saying(
        text=text,
        visibility=post.visibility,
        mentioned=await find_mentioned(node, account, text, posting.named_before(post)),
        summary=arguments.maybe_text("warning", 500) or (before.summary if before else ""),
        language=arguments.maybe_text("language", 20) or (before.language if before else ""),
        attachments=before.attachments if before else (),
    )
    return await node.work(lambda desk: _shown(desk, posting.change(desk, account, post.id, saying)))


@COMMANDS.command("post.delete", "post")
async def delete_post(node: Node, arguments: Arguments) -> JsonObject:
    """Take a post back, a standing offer too: its readers are told, and its words go."""

    def work(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        post = _post_named(desk, account, arguments.text("post", 2000))
        if desk.tx.posts.offer(post.id) is not None:
            end_posting(desk, account, post.id)
        else:
            posting.take_back(desk, account, post.id)
        return {"id": post.id}

    return await node.work(work)


@COMMANDS.command("post.pin", "post")
async def pin_post(node: Node, arguments: Arguments) -> JsonObject:
    """Show a post first on the account's page."""
    return await _pinned(node, arguments, posting.pin, is_pinned=True)


@COMMANDS.command("post.unpin", "post")
async def unpin_post(node: Node, arguments: Arguments) -> JsonObject:
    """Show a post where it stands by its date again."""
    return await _pinned(node, arguments, posting.unpin, is_pinned=False)


async def _pinned(
    node: Node, arguments: Arguments, act: Callable[[Desk, Account, str], object], *, is_pinned: bool
) -> JsonObject:
    def work(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        post = _post_named(desk, account, arguments.text("post", 2000))
        act(desk, account, post.id)
        return {"id": post.id, "pinned": is_pinned}

    return await node.work(work)


@COMMANDS.command("post.change", "offer price least lasts text")
async def change_standing_offer(node: Node, arguments: Arguments) -> JsonObject:
    """State a standing offer anew: its price, the least of an order, until when it stands, its words."""

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        post = _post_named(desk, account, arguments.text("offer", 2000))
        offer = desk.tx.posts.offer(post.id)
        if offer is None:
            raise InvalidInput("offer", "it is no standing offer", "See `obverse post list`.")
        try:
            least = arguments.maybe_text("least", 20)
            minimum = parse_quantity(least, offer.unit).value if least is not None else None
        except ValueError as error:
            raise InvalidInput("least", str(error), f"It is sold by the {offer.unit}.") from None
        changed = change_offer(
            desk,
            account,
            post.id,
            price=arguments.maybe_money("price", offer.currency),
            minimum=minimum,
            lasts=arguments.maybe_span("lasts"),
            words=arguments.maybe_text("text", 2000),
        )
        return shown_posting(changed)

    return await node.work(work)


def _post_named(desk: Desk, account: Account, reference: str) -> Post:
    """The post that a user means by its id, its page, or the end of either. Raises: InvalidInput."""
    ending = reference.rstrip("/").rsplit("/", 1)[-1]
    exact = desk.tx.posts.get(f"{desk.setting.base_url}/posts/{ending}")
    if exact is not None and exact.account == exact.author == account.id and exact.deleted_at is None:
        return exact
    own = desk.tx.posts.own(account.id, limit=_SEARCHED) if len(ending) >= 4 else []
    found = [post for post in own if post.id.endswith(ending)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput("post", f"{len(found)} posts end with {ending!r}", "Write more of its id.")
    raise InvalidInput("post", f"no such post ends with {ending!r}", "See `obverse post list`.")


def _shown(desk: Desk, post: Post) -> JsonObject:
    note, tally = post.note, desk.tx.reactions.tally([post.id]).get(post.id, Tally())
    return {
        "id": post.id,
        "kind": post.kind,
        "url": note.url if note else None,
        "visibility": post.visibility.value,
        "published_at": shown_time(note.published_at if note else post.at),
        "updated_at": shown_time(note.updated_at) if note else None,
        "text": post.text or (shown_words(note.content) if note else None),
        "warning": note.summary or None if note else None,
        "language": note.language or None if note else None,
        "mentions": [mention.handle for mention in note.mentions] if note else [],
        "pinned": post.pinned_at is not None,
        "replies": desk.tx.posts.count_replies(post.id),
        "likes": tally.likes,
        "shares": tally.shares,
    }
