"""What comes of a picture: in this process here, in one of its own in `test_darkroom`."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from PIL import Image, ImageCms

from node.domain.pictures import ICON, IN_POSTS, PictureBounds, media_type_of
from node.pictures import developing
from node.pictures.developing import Unfit, develop
from tests.unit.node.pictures.drawing import (
    EXIF_WORDS,
    a_picture,
    a_png_that_claims,
    corners,
    opened,
    with_place,
)

UPRIGHT = ["red", "green", "blue", "white"]


def developed(data: bytes, bounds: PictureBounds = IN_POSTS) -> bytes:
    head, body = develop(data, asdict(bounds))
    assert media_type_of(body) == head["media_type"]
    assert opened(body).size == (head["width"], head["height"])
    return body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_of_each_kind_that_is_taken_looks_as_before(kind: str) -> None:
    body = developed(a_picture(kind))
    assert corners(body) == UPRIGHT
    assert media_type_of(body) in ("image/jpeg", "image/png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_p12_nothing_goes_on_but_what_is_seen(kind: str) -> None:
    taken = with_place(kind=kind)
    assert any(word in taken for word in EXIF_WORDS)
    body = developed(taken)
    assert [word for word in EXIF_WORDS if word.lower() in body.lower()] == []
    again = opened(body)
    assert dict(again.getexif()) == {}
    assert set(again.info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


@pytest.mark.parametrize(
    ("turned", "seen"),
    [
        (1, ["red", "green", "blue", "white"]),
        (2, ["green", "red", "white", "blue"]),
        (3, ["white", "blue", "green", "red"]),
        (4, ["blue", "white", "red", "green"]),
        (5, ["red", "blue", "green", "white"]),
        (6, ["blue", "red", "white", "green"]),
        (7, ["white", "green", "blue", "red"]),
        (8, ["green", "white", "red", "blue"]),
        (99, ["red", "green", "blue", "white"]),
    ],
)
def test_a_picture_that_was_taken_sideways_stands_upright(turned: int, seen: list[str]) -> None:
    assert corners(developed(with_place(turned=turned))) == seen


def test_a_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    head, _ = develop(a_picture(size=(4000, 1000)), asdict(IN_POSTS))
    assert (head["width"], head["height"]) == (2048, 512)


def test_the_middle_is_cut_out_for_an_account_s_image() -> None:
    head, body = develop(a_picture(size=(900, 600)), asdict(ICON))
    assert (head["width"], head["height"]) == (400, 400)
    assert corners(body) == UPRIGHT


def test_what_shines_through_still_does_and_what_only_could_is_left_out() -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 128))
    out = io.BytesIO()
    clear.save(out, "PNG")
    assert opened(developed(out.getvalue())).mode == "RGBA"
    assert opened(developed(a_picture("PNG", mode="RGBA"))).mode == "RGB"


def noise(size: tuple[int, int], mode: str) -> bytes:
    levels = random.Random(7).randbytes(size[0] * size[1] * len(mode))
    out = io.BytesIO()
    Image.frombytes(mode, size, levels).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_cannot_be_packed_gets_coarser_until_it_fits(mode: str) -> None:
    bounds = replace(IN_POSTS, bytes_out=20_000)
    body = developed(noise((400, 400), mode), bounds)
    assert len(body) <= 20_000
    assert media_type_of(body) == "image/jpeg"
    assert opened(body).size == (200, 200)


def test_a_drawing_keeps_its_sharp_edges_and_a_photograph_saves_room() -> None:
    assert media_type_of(developed(a_picture("PNG"))) == "image/png"
    assert media_type_of(developed(noise((800, 800), "RGB"))) == "image/jpeg"


@pytest.mark.parametrize("mode", ["L", "1", "P", "I;16", "CMYK"])
def test_other_ways_to_write_colours_are_read(mode: str) -> None:
    out = io.BytesIO()
    is_deep = mode == "I;16"
    grey = Image.new("I;16" if is_deep else "L", (40, 30), 200 * 256 if is_deep else 200)
    picture = grey if is_deep else grey.convert(mode)
    picture.save(out, "JPEG" if mode == "CMYK" else "PNG")
    body = developed(out.getvalue())
    level = opened(body).convert("L").tobytes()[0]
    assert abs(level - (255 if mode == "1" else 200)) <= 4


def test_colours_are_what_the_profile_means_since_it_does_not_go_on() -> None:
    """A profile in which red and green have changed places, so that it cannot be overlooked."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = (profile.index(name, 128) for name in (b"rXYZ", b"gXYZ"))
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    swapped = developed(a_picture("PNG", icc_profile=bytes(profile)))
    assert corners(swapped) == ["green", "red", "blue", "white"]


def test_a_profile_that_is_none_changes_nothing() -> None:
    assert corners(developed(a_picture("PNG", icc_profile=b"no profile at all"))) == UPRIGHT


def test_a_clear_picture_keeps_what_shines_through_when_its_colours_are_changed() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 100)).save(out, "PNG", icc_profile=profile)
    assert opened(developed(out.getvalue())).getchannel("A").getextrema() == (100, 100)


def test_only_the_first_of_many_pictures_is_taken() -> None:
    first, second, out = Image.new("RGB", (30, 30), "red"), Image.new("RGB", (30, 30), "blue"), io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=[second] * 20)
    assert corners(developed(out.getvalue())) == ["red"] * 4


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(50_000, 50_000), (50_000, 1), (1, 50_000), (8_000, 8_000)])
def test_e21_a_picture_that_claims_too_many_pixels_is_refused_by_its_head(size: tuple[int, int]) -> None:
    with pytest.raises(Unfit, match="large"):
        develop(a_png_that_claims(*size), asdict(IN_POSTS))


def test_e21_pixels_that_fit_are_still_counted_against_what_comes_behind_them() -> None:
    with pytest.raises(Unfit, match="broken"):  # 100,000 bytes of rows for 20 million pixels
        develop(a_png_that_claims(5_000, 4_000), asdict(IN_POSTS))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_e21_a_picture_that_was_cut_short_is_refused_or_whole(kind: str, part: float) -> None:
    whole = a_picture(kind, size=(300, 200))
    try:
        body = developed(whole[: int(len(whole) * part)])
    except Unfit:
        return
    assert corners(body)[:1] == UPRIGHT[:1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"\xff\xd8\xff" + b"<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"RIFF\x00\x00\x00\x00WEBP" + bytes(100),
        b"%PDF-1.7",
        b"II*\x00" + bytes(200),
    ],
)
def test_e21_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Unfit):
        develop(data, asdict(IN_POSTS))


def test_e21_what_hides_behind_or_in_a_picture_does_not_go_on() -> None:
    script = b"<script>alert(document.domain)</script>"
    for data in (a_picture() + script, a_picture(comment=script), a_picture("GIF", comment=script)):
        assert script in data
        assert script not in developed(data)


def test_other_kinds_are_not_decoded_even_where_the_library_could() -> None:
    for kind in ("BMP", "TIFF", "ICO", "PPM", "TGA"):
        with pytest.raises(Unfit, match="unknown"):
            develop(a_picture(kind), asdict(IN_POSTS))


def test_what_is_short_of_memory_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(developing, "_develop", no_room)
    with pytest.raises(MemoryError):
        develop(a_picture(), asdict(IN_POSTS))


# --- the program -----------------------------------------------------------------------------------------


def run(
    data: bytes, bounds: PictureBounds = IN_POSTS, *, before: str = ""
) -> subprocess.CompletedProcess[bytes]:
    code = f"import sys; {before}from node.pictures.developing import main; sys.exit(main(sys.argv[1]))"
    return subprocess.run(
        [sys.executable, "-c", code, json.dumps(asdict(bounds))], input=data, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_program_develops_each_kind_though_it_can_open_no_file(kind: str) -> None:
    head, _, body = run(a_picture(kind)).stdout.partition(b"\n")
    assert json.loads(head)["width"] == 64
    assert corners(body) == UPRIGHT


def test_the_program_says_what_is_unfit() -> None:
    assert run(b"nothing").stdout == b'{"unfit": "unknown"}\n'
    assert run(a_png_that_claims(50_000, 2)).stdout == b'{"unfit": "large"}\n'


def test_the_program_has_too_little_memory_for_what_would_take_all() -> None:
    generous = replace(IN_POSTS, plain_pixels_in=10**9, side_in=10**6)
    assert run(a_png_that_claims(30_000, 30_000), generous).stdout == b'{"unfit": "large"}\n'


def test_the_program_opens_neither_a_file_nor_a_connection() -> None:
    spied = (
        "import node.pictures.developing as d, socket\n"
        "def look(*_):\n"
        "    found = []\n"
        "    for act in (lambda: open('/etc/hostname'), socket.socket):\n"
        "        try:\n            act(); found.append('opened')\n"
        "        except OSError: found.append('refused')\n"
        "    raise d.Unfit(' '.join(found))\n"
        "real = d._rehearse\n"
        "def rehearse():\n    real(); d.develop = look\n"
        "d._rehearse = rehearse\n"
    )
    code = f"{spied}\nimport sys; sys.exit(d.main(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(asdict(IN_POSTS))],
        input=b"x",
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b'{"unfit": "refused refused"}\n', done.stderr
