"""The ``env_vars`` of a call: an object, or text like ``K=v,K2=v2``. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import cast

from ..transport.errors import BadRequest
from . import given

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A comma inside a value is no separator: -Dx=a,b must survive.
_SEPARATOR = re.compile(r",(?=\s*[A-Za-z_][A-Za-z0-9_]*=)")
_REMEDY = 'Pass an object like {"NAME": "value"}, or text like NAME=value,NAME2=value2.'


def read_env_vars(value: object) -> dict[str, str]:
    """Return the variables by name; the later of two equal names counts.

    :raises BadRequest: another shape, a name that no shell knows, or a NUL in a value
    """
    if isinstance(value, str):
        pairs = _split(given.text(value, "env_vars"))
    elif isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
    else:
        raise BadRequest(f"env_vars is {given.shown(value)}. {_REMEDY}")
    return {_name(name): _value(name, content) for name, content in pairs}


def _split(text: str) -> Iterable[tuple[object, object]]:
    if not text.strip():
        return []
    pieces = [piece.partition("=") for piece in _SEPARATOR.split(text)]
    wrong = next((name for name, equals, _ in pieces if not equals), None)
    if wrong is not None:
        raise BadRequest(f"env_vars has no '=' in {given.shown(wrong)}. {_REMEDY}")
    return [(name.strip(), content) for name, _, content in pieces]


def _name(name: object) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise BadRequest(
        f"env_vars has the name {given.shown(name)}."
        f" A name is letters, digits and _, not beginning with a digit. {_REMEDY}"
    )


def _value(name: object, content: object) -> str:
    if isinstance(content, str):
        return given.text(content, f"env_vars {given.shown(name)}")
    if isinstance(content, bool | int | float):
        return json.dumps(content)
    raise BadRequest(
        f"env_vars {given.shown(name)} is {given.shown(content)}."
        " Its value must be text, a number or a boolean."
    )
