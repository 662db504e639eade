"""Pictures, sounds, films, files and links beside other people's words, in every shape that is met."""

from __future__ import annotations

from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from node.domain.notes import Attachment
from node.wire.loose import bare_types, first_address, links, map_of, media_type_of, words

__all__ = ["MEDIA_KINDS", "attachments_of"]

MEDIA_KINDS = {"Image": "image/*", "Audio": "audio/*", "Video": "video/*"}
"""Types of objects that are a medium themselves, and what they are where nothing says more."""
_FILES = frozenset((*MEDIA_KINDS, "Document", "Link"))
_BY_ENDING = {
    "avif": "image/avif", "gif": "image/gif", "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png",
    "svg": "image/svg+xml", "webp": "image/webp", "flac": "audio/flac", "mp3": "audio/mpeg",
    "oga": "audio/ogg", "ogg": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav", "mp4": "video/mp4",
    "ogv": "video/ogg", "webm": "video/webm", "pdf": "application/pdf", "txt": "text/plain",
}  # fmt: skip
MAX_ATTACHMENTS = 16
MAX_SIDE = 100_000
ALT_CHARS = 2_000


def attachments_of(document: JsonObject, kind: str) -> tuple[Attachment, ...]:
    """What is beside the words, each address once: its attachments, else the file that the object itself is,
    else its picture.

    Shapes: `kind` is the type by which the object is read. An unknown media type is "", or `image/*` and
            the like where only the kind is known.
    Spec:   `interop §4.3`; FEP-1311.
    """
    found: dict[str, Attachment] = {}
    for item in as_list(document.get("attachment")):
        read = _read(item)
        if read is not None:
            found.setdefault(read.url, read)
        if len(found) == MAX_ATTACHMENTS:
            break
    if not found and kind in MEDIA_KINDS:
        found = {file.url: file for file in _own_file(document, kind)}
    if not found and kind not in ("Note", "Question", "ChatMessage"):
        # Of icons the last: where there are several, they come from small to large.
        shown = as_list(document.get("image"))[:1] or as_list(document.get("icon"))[-1:]
        pictures = (_picture(item) for item in shown)
        found = {picture.url: picture for picture in pictures if picture is not None}
    return tuple(found.values())


def _read(item: JsonValue) -> Attachment | None:
    """One attachment, None for what is no file: other people's notes, recipes, inline data."""
    if not isinstance(item, dict):
        return None
    kinds = bare_types(item) or ("Document",)
    kind = next((name for name in kinds if name in _FILES), None)
    if kind is None:
        return None
    for url, media_type, link in links(item.get("url") or item.get("href")):
        return Attachment(
            url=url,
            media_type=media_type or media_type_of(item) or _guess(url, kind),
            alt=_alt(item),
            width=_side(item, "width") or _side(link, "width"),
            height=_side(item, "height") or _side(link, "height"),
        )
    return None


def _alt(item: JsonObject) -> str:
    """What it shows: `name`, else `summary`, which some servers write in its place."""
    return words(map_of(item, "name")[0] or map_of(item, "summary")[0], ALT_CHARS)


def _guess(url: str, kind: str) -> str:
    """By the ending of the address; a Link without a type leads to a page."""
    ending = url.partition("#")[0].partition("?")[0].rpartition(".")[2].lower()
    return _BY_ENDING.get(ending) or MEDIA_KINDS.get(kind) or ("text/html" if kind == "Link" else "")


def _side(item: JsonObject, name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) and 0 < value <= MAX_SIDE and value is not True else 0


def _own_file(document: JsonObject, kind: str) -> list[Attachment]:
    """The first file of an object that is one: PeerTube names pages and files side by side in `url`."""
    family = MEDIA_KINDS[kind][:-1]
    for url, media_type, link in links(document.get("url")):
        actual = media_type or media_type_of(document) or _guess(url, kind)
        if actual.startswith(family):
            sides = _side(link, "width"), _side(link, "height")
            return [Attachment(url, actual, _alt(document), *sides)]
    return []


def _picture(item: JsonValue) -> Attachment | None:
    if not isinstance(item, dict):
        url = first_address(item)
        return Attachment(url, _guess(url, "Image")) if url else None
    return _read({"type": "Image", **item})
