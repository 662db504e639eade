"""Pictures for tests, drawn here; hostile ones are put together byte by byte."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

__all__ = ["EXIF_WORDS", "a_picture", "a_png_that_claims", "corners", "opened", "with_place"]

EXIF_WORDS = (b"Exif", b"GPS", b"Fairphone", b"http://ns.adobe.com", b"ICC_PROFILE", b"a remark")
"""What must be in nothing that goes on."""
_MAKE, _GPS, _ORIENTATION = 0x010F, 0x8825, 0x0112


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: Any) -> bytes:
    """A picture whose four quarters differ: red, green, blue, white."""
    drawn = Image.new("RGB", size)
    half = size[0] // 2, size[1] // 2
    quarters = [("red", (0, 0)), ("lime", (half[0], 0)), ("blue", (0, half[1])), ("white", half)]
    for colour, place in quarters:
        drawn.paste(colour, (*place, place[0] + half[0], place[1] + half[1]))
    out = BytesIO()
    drawn.convert(mode).save(out, kind, **how)
    return out.getvalue()


def with_place(*, turned: int = 1, kind: str = "JPEG") -> bytes:
    """A picture as a phone takes it: where, with what, in which colours, and which side is up."""
    exif = Image.Exif()
    exif[_MAKE] = "Fairphone"
    exif[_ORIENTATION] = turned
    exif.get_ifd(_GPS)[2] = (52.0, 31.0, 12.0)
    exif.get_ifd(_GPS)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>http://ns.adobe.com/exif GPS</x:xmpmeta>"
    others: dict[str, Any] = {"comment": b"a remark", "xmp": xmp} if kind == "JPEG" else {}
    return a_picture(kind, exif=exif, icc_profile=profile, **others)


def a_png_that_claims(width: int, height: int) -> bytes:
    """A well-formed head of a picture of that size, and next to nothing behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    rows = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def opened(body: bytes) -> Image.Image:
    picture = Image.open(BytesIO(body))
    picture.load()
    return picture


def corners(body: bytes) -> list[str]:
    """The colours of the four quarters, by name: upper left and right, lower left and right."""
    picture = opened(body).convert("RGB")
    wide, high = picture.size
    named = []
    for place in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        pixel = picture.getpixel((int(wide * place[0]), int(high * place[1])))
        assert isinstance(pixel, tuple)
        bits = tuple(int(level) > 128 for level in pixel)
        names = {(True, False, False): "red", (False, True, False): "green", (False, False, True): "blue"}
        named.append(names.get(bits, "white"))  # type: ignore[arg-type]
    return named
