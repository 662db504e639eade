"""Posts: what an account says in the fediverse; listed, written, changed, pinned, taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from babel.core import Locale as Formats

from node.desk import Desk
from node.domain.notes import Attachment, Visibility
from node.domain.pictures import IN_POSTS, MOST_IN_A_POST, ReadyPicture
from node.services import posting
from node.services.media import ALT_CHARS, attach, check_alt
from node.services.orders import end_posting
from node.services.posting import MOST_CHARS, Saying
from node.web.fields import Field, UploadedFile, attached, choice, optional, switch, text
from node.web.forms import Filled, Form
from node.web.post_views import VISIBILITY_WORDS, find_post, post_page, posts_view
from node.web.uploads import PICTURES_BYTES
from node.web.visits import Answer, Missing, Page, Redirect, Screens, Visit
from node.workflows.addressees import find_mentioned

__all__ = ["SCREENS"]

SCREENS = Screens()

LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "he", "hi", "hr", "hu", "it"),
    *("ja", "ko", "lt", "lv", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "zh"),
)
"""In which languages a post may say that it is; which it is in is for its writer to say."""
_PAGE = re.compile("[1-9][0-9]{0,3}", re.ASCII)
_PICTURES = range(1, MOST_IN_A_POST + 1)

TEXT = optional(text("text", most=MOST_CHARS, lines=True))
READERS = choice("readers", {found.value: found for found in Visibility})
WARNING = optional(text("warning", most=200))
LANGUAGE = optional(choice("language", {tag: tag for tag in LANGUAGES}))
FILES: tuple[Field[UploadedFile | None], ...] = tuple(
    optional(attached(f"picture_{number}")) for number in _PICTURES
)
ALTS: tuple[Field[str | None], ...] = tuple(
    optional(text(f"alt_{number}", most=ALT_CHARS, lines=True)) for number in _PICTURES
)
WRITE = Form(TEXT, READERS, WARNING, LANGUAGE, *FILES, *ALTS)
CHANGE = Form(TEXT, WARNING, LANGUAGE, *ALTS)
NOTHING = Form()
GONE = Form(switch("sure"))


@SCREENS.get("/my/posts")
async def posts(visit: Visit) -> Answer:
    """What was said, newest first."""
    account, show, page = visit.viewer.account, visit.query.first("show"), visit.query.first("page") or "1"
    if show not in ("", *Visibility) or not _PAGE.fullmatch(page):
        raise Missing
    number = int(page)
    view = await visit.look(lambda desk: posts_view(desk, account, show, number))
    return Page("posts/list.html", (view, VISIBILITY_WORDS))


@SCREENS.get("/my/posts/new")
async def new_page(visit: Visit) -> Answer:
    shown = {"readers": Visibility.PUBLIC.value, "language": visit.locale.tag.partition("-")[0]}
    shown |= {
        "text": visit.query.first("text")[:MOST_CHARS]
    }  # as another page proposes; nothing is said by it
    followers = await visit.look(lambda desk: desk.tx.followers.count(visit.viewer.account.id))
    return Page("posts/new.html", (language_names(), followers), visit.form_or(WRITE, shown))


@SCREENS.post("/my/posts/new", upload_bytes=PICTURES_BYTES)
async def write(visit: Visit) -> Answer:
    """Say it: those whom it names are looked up first, and pictures made anew."""
    filled, account = await visit.read(WRITE), visit.viewer.account
    mentioned = await find_mentioned(visit.node, account, filled[TEXT] or "")
    pictures = await _develop(visit, filled)
    readers = filled[READERS]

    def work(desk: Desk) -> None:
        kept = [attach(desk, account.id, one, alt=alt, is_open=readers.is_open) for one, alt in pictures]
        posting.say(
            desk,
            account,
            Saying(
                text=filled[TEXT] or "",
                visibility=readers,
                mentioned=mentioned,
                summary=filled[WARNING] or "",
                language=filled[LANGUAGE] or "",
                attachments=tuple(kept),
            ),
        )

    await visit.act(work)
    return Redirect("/my/posts", visit.words("It is said, and on its way to its readers."))


async def _develop(visit: Visit, filled: Filled) -> list[tuple[ReadyPicture, str]]:
    """The pictures that came along, made anew, each with what it shows. Raises: FormRefused, InvalidInput."""
    found = []
    for number, (file, alt) in enumerate(zip(FILES, ALTS, strict=True), start=1):
        sent = filled[file]
        if sent is None:
            continue
        words = filled[alt] or ""
        if not words:
            _ = visit.words
            right = _("In a sentence, for those who do not see it.")
            raise filled.refused(f"alt_{number}", _("Nobody has said what it shows."), right)
        found.append((await visit.node.darkroom.develop(await sent.read(), IN_POSTS), words))
    return found


@SCREENS.get("/my/posts/{post}")
async def show(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: post_page(desk, account, visit.params["post"]))
    if view is None:
        raise Missing
    return Page("posts/show.html", (view, VISIBILITY_WORDS))


@SCREENS.get("/my/posts/{post}/change")
async def change_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: post_page(desk, account, visit.params["post"]))
    if view is None or not view.can_change:
        raise Missing
    shown = {"text": view.text, "warning": view.warning, "language": view.language}
    shown |= {f"alt_{number}": picture.alt for number, picture in enumerate(view.pictures, start=1)}
    return Page("posts/change.html", (view, language_names(), VISIBILITY_WORDS), visit.form_or(CHANGE, shown))


@SCREENS.post("/my/posts/{post}/change")
async def change(visit: Visit) -> Answer:
    """Say it otherwise, to the same readers; its pictures stay, and are described anew."""
    filled, account, name = await visit.read(CHANGE), visit.viewer.account, visit.params["post"]
    post = await visit.look(lambda desk: find_post(desk, account, name))
    if post is None or post.note is None:
        raise Missing
    note = post.note
    mentioned = await find_mentioned(visit.node, account, filled[TEXT] or "", posting.named_before(post))
    saying = Saying(
        text=filled[TEXT] or "",
        visibility=post.visibility,
        mentioned=mentioned,
        summary=filled[WARNING] or "",
        language=filled[LANGUAGE] or "",
        attachments=_described(note.attachments, [filled[alt] or "" for alt in ALTS]),
    )
    changed = await visit.act(lambda desk: posting.change(desk, account, post.id, saying))
    words = visit.words
    if changed == post:
        return Redirect(f"/my/posts/{name}", words("Nothing was changed."), "plain")
    return Redirect(f"/my/posts/{name}", words("It is changed, and its readers are told."))


def _described(pictures: Sequence[Attachment], alts: Sequence[str]) -> tuple[Attachment, ...]:
    pairs = zip(pictures, alts, strict=False)
    described = [replace(picture, alt=check_alt(alt) or picture.alt) for picture, alt in pairs]
    return (*described, *pictures[len(described) :])


@SCREENS.post("/my/posts/{post}/pin", again=show)
async def pin(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, name = visit.viewer.account, visit.params["post"]
    await visit.act(lambda desk: posting.pin(desk, account, _id_of(desk, name)))
    return Redirect(f"/my/posts/{name}", visit.words("It stands first on your page."))


@SCREENS.post("/my/posts/{post}/unpin", again=show)
async def unpin(visit: Visit) -> Answer:
    await visit.read(NOTHING)
    account, name = visit.viewer.account, visit.params["post"]
    await visit.act(lambda desk: posting.unpin(desk, account, _id_of(desk, name)))
    return Redirect(f"/my/posts/{name}", visit.words("It stands by its date again."))


@SCREENS.get("/my/posts/{post}/remove")
async def remove_page(visit: Visit) -> Answer:
    account = visit.viewer.account
    view = await visit.look(lambda desk: post_page(desk, account, visit.params["post"]))
    if view is None:
        raise Missing
    return Page("posts/remove.html", view, visit.form_or(GONE))


@SCREENS.post("/my/posts/{post}/remove")
async def remove(visit: Visit) -> Answer:
    """Take it back; that has to be said in so many words."""
    filled = await visit.read(GONE)
    account, name, _ = visit.viewer.account, visit.params["post"], visit.words
    if not filled.values["sure"]:
        raise filled.refused("sure", _("This is not said."), _("Say so if you want it gone."))

    def work(desk: Desk) -> None:
        post_id = _id_of(desk, name)
        if desk.tx.posts.offer(post_id) is not None:
            end_posting(desk, account, post_id)
        else:
            posting.take_back(desk, account, post_id)

    await visit.act(work)
    return Redirect("/my/posts", _("It is taken back: its readers are told, and its words are gone here."))


def _id_of(desk: Desk, name: str) -> str:
    return f"{desk.setting.base_url}/posts/{name}"


def language_names() -> list[tuple[str, str]]:
    """Each language by its own name."""
    return [(tag, Formats.parse(tag).get_display_name(tag) or tag) for tag in LANGUAGES]
