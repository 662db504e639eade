"""What a picture begins like, whatever it is called."""

from __future__ import annotations

import pytest

from node.domain.pictures import ReadyPicture, media_type_of
from tests.unit.node.pictures.drawing import a_picture


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (a_picture("JPEG"), "image/jpeg"),
        (a_picture("PNG"), "image/png"),
        (a_picture("GIF"), "image/gif"),
        (a_picture("WEBP"), "image/webp"),
        (b"RIFF\x00\x00\x00\x00AVI ", ""),
        (b"RIFF", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b" \xff\xd8\xff", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(data: bytes, kind: str) -> None:
    assert media_type_of(data) == kind


def test_its_file_name_ends_as_its_kind_does() -> None:
    assert ReadyPicture("image/png", 1, 1, "d", b"").ending == ".png"
    assert ReadyPicture("image/jpeg", 1, 1, "d", b"").ending == ".jpg"
