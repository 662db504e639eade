"""An account's own image and header, by the command line."""

from __future__ import annotations

import base64
import binascii

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import account_for
from node.commands.registry import Commands
from node.context import Node
from node.domain.errors import InvalidInput
from node.domain.pictures import HEADER, ICON
from node.services.media import ALT_CHARS
from node.services.portraits import change_portrait
from node.store.media import Purpose

__all__ = ["COMMANDS"]

COMMANDS = Commands()
_BOUNDS = {Purpose.ICON: ICON, Purpose.HEADER: HEADER}


def _which(arguments: Arguments) -> Purpose:
    return Purpose(arguments.choice("which", tuple(_BOUNDS), Purpose.ICON))


@COMMANDS.command("picture.set", "which body alt")
async def set_picture(node: Node, arguments: Arguments) -> JsonObject:
    """Another image or header; `body` is the picture in base64."""
    which, alt = _which(arguments), arguments.maybe_text("alt", ALT_CHARS) or ""
    try:
        data = base64.b64decode(arguments.text("body", ICON.bytes_in * 2), validate=True)
    except binascii.Error:
        raise InvalidInput("body", "this is no base64", "Send the picture in base64.") from None
    picture = await node.darkroom.develop(data, _BOUNDS[which])
    account = await node.look(lambda desk: account_for(desk, arguments))
    changed = await node.work(lambda desk: change_portrait(desk, account, which, picture, alt=alt))
    return {"which": which.value, "changed": changed, "width": picture.width, "height": picture.height}


@COMMANDS.command("picture.remove", "which")
async def remove_picture(node: Node, arguments: Arguments) -> JsonObject:
    """No image, or no header, any more."""
    which = _which(arguments)
    account = await node.look(lambda desk: account_for(desk, arguments))
    changed = await node.work(lambda desk: change_portrait(desk, account, which, None))
    return {"which": which.value, "changed": changed}
