"""Decodes one picture and encodes it anew: a program of its own, since what decodes is not trusted.

bytes on standard input → one line of JSON and the new bytes on standard output. `darkroom` runs it, without
an environment, and bounds it from outside; here it bounds itself before the first byte is read: memory, time,
and no file or socket that could be opened any more.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, UnidentifiedImageError

__all__ = ["Unfit", "develop", "main"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_MEMORY_BYTES = 640 * 1024 * 1024
_CPU_S = 20
_ORIENTATION = 0x0112
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
_QUALITIES = (88, 80, 70)
_DETAILED_BYTES = 600_000
"""Up to here what came without loss, a drawing say, goes on without."""


class Unfit(Exception):
    """Not a picture that is taken: "large" (more pixels than the bounds), "broken" or "unknown"."""


def develop(data: bytes, bounds: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The picture as it goes on: turned upright, within the bounds, and nothing in it but what is seen.

    Shapes: `bounds` are the fields of `PictureBounds`.
    Raises: Unfit; MemoryError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which does not go on; the bounds are our own
            return _develop(data, bounds)
    except (Unfit, MemoryError):
        raise
    except UnidentifiedImageError:
        raise Unfit("unknown") from None
    except Exception:  # whatever a decoder stumbles over
        raise Unfit("broken") from None


def _develop(data: bytes, bounds: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    Image.MAX_IMAGE_PIXELS = None  # judged here, more strictly
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    source = Image.open(BytesIO(data), formats=_FORMATS)
    is_jpeg = isinstance(source, JpegImagePlugin.JpegImageFile)
    most = bounds["pixels_in"] if is_jpeg else bounds["plain_pixels_in"]
    if max(source.size) > bounds["side_in"] or source.size[0] * source.size[1] > most:
        raise Unfit("large")
    profile, turned = source.info.get("icc_profile"), source.getexif().get(_ORIENTATION, 1)
    if is_jpeg:
        source.draft("RGB", (bounds["side_out"], bounds["side_out"]))
    source.load()
    picture = _plain(source)
    if bounds["is_square"]:
        side = min(picture.size)
        picture = ImageOps.fit(picture, (side, side))
    picture.thumbnail((bounds["side_out"], bounds["side_out"]))
    picture = _as_seen(picture, profile)
    for turn in _TURNS.get(turned, ()):
        picture = picture.transpose(turn)
    return _encode(_bare(picture), bounds["bytes_out"], keeps_detail=not is_jpeg)


def _plain(source: Image.Image) -> Image.Image:
    """RGB, or RGBA where something shines through."""
    if source.mode.startswith("I;16"):
        source = source.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    is_clear = source.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in source.info
    wanted = "RGBA" if is_clear else "RGB"
    return source if source.mode == wanted else source.convert(wanted)


def _as_seen(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours that every screen takes it for, since the profile does not go on."""
    if not profile:
        return picture
    try:
        meant = ImageCms.ImageCmsProfile(BytesIO(profile))
        seen = ImageCms.profileToProfile(picture.convert("RGB"), meant, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture  # a profile that is none: as if there were none
    assert seen is not None  # only where it is done in place
    if picture.mode == "RGBA":
        seen.putalpha(picture.getchannel("A"))
    return seen


def _bare(picture: Image.Image) -> Image.Image:
    """The same pixels in an image that knows nothing else."""
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture, (0, 0))
    return bare


def _encode(picture: Image.Image, most: int, *, keeps_detail: bool) -> tuple[dict[str, Any], bytes]:
    is_clear = picture.mode == "RGBA"
    if is_clear or keeps_detail:
        body = _saved(picture, "PNG", optimize=False, compress_level=7)
        if len(body) <= (most if is_clear else min(most, _DETAILED_BYTES)):
            return _said("image/png", picture), body
    if is_clear:
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, (0, 0), picture)
        picture = ground
    while True:
        for quality in _QUALITIES:
            body = _saved(picture, "JPEG", quality=quality, progressive=True, optimize=True)
            if len(body) <= most:
                return _said("image/jpeg", picture), body
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)))


def _saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def _said(media_type: str, picture: Image.Image) -> dict[str, Any]:
    return {"media_type": media_type, "width": picture.width, "height": picture.height}


def _rehearse() -> None:
    """Develop one small picture of each kind, so that whatever is loaded late is loaded now."""
    small = {"side_out": 4, "is_square": True, "bytes_in": 9999, "side_in": 9, "bytes_out": 9999}
    bounds = {**small, "pixels_in": 99, "plain_pixels_in": 99}
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGBA"), ("GIF", "P"), ("PNG", "I;16")):
        picture, out = Image.new(mode, (8, 6)), BytesIO()
        others = {"exif": exif, "icc_profile": profile} if kind != "GIF" else {"transparency": 0}
        picture.save(out, kind, **others)
        develop(out.getvalue(), bounds)


def _bound_this_process() -> None:
    """Whatever a picture makes a decoder do, it does it in here."""
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main(bounds: str) -> int:
    """One picture. `bounds` is JSON, as `develop` takes it; the answer's first line says what came of it."""
    _rehearse()
    _bound_this_process()
    try:
        head, body = develop(sys.stdin.buffer.read(), json.loads(bounds))
    except Unfit as unfit:
        head, body = {"unfit": str(unfit)}, b""
    except MemoryError:
        head, body = {"unfit": "large"}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
