"""What a picture may be: known by its content alone, and bounded on the way in and on the way out."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["HEADER", "ICON", "IN_POSTS", "MOST_IN_A_POST", "PictureBounds", "ReadyPicture", "media_type_of"]

MOST_IN_A_POST = 4
"""What the fediverse shows of one post."""


@dataclass(frozen=True, slots=True)
class PictureBounds:
    """How large a picture may come in, and how large it goes out.

    Units: bytes and pixels. `side_in` and `pixels_in` are read from the picture's head, before anything is
           decoded; `plain_pixels_in` is for all but JPEG, of which a smaller picture cannot be taken on the
           way. `side_out` is the longer side of what goes out; `is_square` cuts the middle out.
    """

    side_out: int
    is_square: bool = False
    bytes_in: int = 8 * 1024 * 1024
    side_in: int = 20_000
    pixels_in: int = 60_000_000
    plain_pixels_in: int = 30_000_000
    bytes_out: int = 1_500_000


IN_POSTS = PictureBounds(2048)
ICON = PictureBounds(400, is_square=True)
HEADER = PictureBounds(1500)


@dataclass(frozen=True, slots=True)
class ReadyPicture:
    """A picture that was decoded and encoded anew here, with nothing in it but what is seen.

    Shapes: `media_type` is image/jpeg or image/png; `digest` the hex sha-256 of `body`.
    Units:  `width` and `height` in pixels.
    """

    media_type: str
    width: int
    height: int
    digest: str
    body: bytes = field(repr=False)

    @property
    def ending(self) -> str:
        """What its file name ends with."""
        return ".png" if self.media_type == "image/png" else ".jpg"


def media_type_of(data: bytes) -> str:
    """What kind of picture these bytes begin like, "" for none that is taken; names say nothing.

    Spec: WHATWG MIME Sniffing §6.1; `security E21, P10`.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return ""
