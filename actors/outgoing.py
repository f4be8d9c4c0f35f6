"""What a request to send must satisfy. Pure."""

from __future__ import annotations

import math

import msgspec

from ..transport import letters, mail
from ..transport.errors import BadRequest, TooLarge

MAX_ID = 64
"""Characters of a message's id, which is shown to whoever gets a reply."""
PARK_SECONDS = 20.0
"""The longest wait for room in a full inbox."""
_metadata: msgspec.json.Decoder[dict[str, object]] = msgspec.json.Decoder(dict[str, object])


def check(request: mail.Send) -> None:
    """Refuse what no inbox can take.

    :raises BadRequest: what is wrong and what to do
    :raises TooLarge: content or metadata are over their limit
    """
    _check_size(request)
    if request.metadata:
        _check_metadata(request.metadata)
    if len(request.in_reply_to) > MAX_ID or not request.in_reply_to.isprintable():
        raise BadRequest(
            f"in_reply_to is no id: it has more than {MAX_ID} characters, or one that cannot be"
            " shown. Pass the id of the message that this one answers."
        )
    if request.ttl_seconds is not None and not 0 < request.ttl_seconds < math.inf:
        raise BadRequest(
            f"ttl_seconds={request.ttl_seconds:g} is no time to live. Use a number above 0."
        )
    for name, seconds in (
        ("wait_seconds", request.wait_seconds),
        ("park_seconds", request.park_seconds),
    ):
        if seconds is not None and not seconds >= 0:
            raise BadRequest(f"{name} must not be negative. Use 0 to return at once.")


def check_goal(request: mail.Send) -> None:
    """Refuse to wait for several recipients.

    :raises BadRequest: it is wanted
    """
    if request.wait_for != "stored":
        raise BadRequest(
            f"wait_for={request.wait_for} needs one recipient."
            " Send to one name, or leave wait_for out."
        )


def _check_size(request: mail.Send) -> None:
    size = len(request.content)
    if size * 4 > letters.MAX_CONTENT:  # else it cannot be too large, whatever it is made of
        size = len(request.content.encode())
    if size > letters.MAX_CONTENT:
        raise TooLarge(
            f"the content has {size} bytes, the limit is {letters.MAX_CONTENT}."
            " Write it to a file and send the path."
        )
    if len(request.metadata) > letters.MAX_METADATA:
        raise TooLarge(
            f"the metadata have {len(request.metadata)} bytes, the limit is"
            f" {letters.MAX_METADATA}. Put it into the content, or into a file."
        )


def _check_metadata(metadata: bytes) -> None:
    try:
        _metadata.decode(metadata)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the metadata are no JSON object: {error}. Send an object.") from error


def deadline_of(request: mail.Send, now: float) -> float | None:
    """Return until when its sender waits for a stage; None: for none, or for ever."""
    if request.wait_for == "stored" or request.wait_seconds is None:
        return None
    return now + request.wait_seconds
