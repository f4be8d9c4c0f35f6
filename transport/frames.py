"""How a message becomes two frames. Pure: bytes in, messages out.

    frame 0   header: version (4) | authority (12) | correlation (16)
    frame 1   payload: one msgpack map with a ``type`` tag

*Authority* is the session's token on the way to the broker and the broker's
epoch on the way back. *Correlation* pairs a reply with its request and is the
request's id: a request sent twice under one correlation takes effect once.
The header has 32 bytes because ZeroMQ keeps frames up to 33 bytes without an
allocation. The identity frame exists only on the broker's ROUTER socket.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from . import messages
from .errors import BadRequest, ProtocolMismatch, TooLarge

VERSION = b"SP01"
NO_SESSION = bytes(12)
NO_CORRELATION = bytes(16)
HEADER_BYTES = 32
MAX_ENVIRONMENT = 1024 * 1024
MAX_PAYLOAD = MAX_ENVIRONMENT + 256 * 1024
"""Bytes of one request: a full environment and command, and slack."""
MAX_ANSWER = 16 * 1024 * 1024
"""Bytes of one reply or push; a list of thousands of tasks fits."""

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()


def header(authority: bytes, correlation: bytes) -> bytes:
    """Join the parts of a header; the caller keeps the lengths."""
    return VERSION + authority + correlation


def major_of(frame: bytes) -> bytes:
    """Return the version that a header claims, also one that is not ours."""
    return frame[:4]


def authority_of(frame: bytes) -> bytes:
    """Return the session token or epoch of a header."""
    return frame[4:16]


def correlation_of(frame: bytes) -> bytes:
    """Return the correlation of a header."""
    return frame[16:32]


def encode(message: msgspec.Struct) -> bytes:
    """Write the payload of a reply or push."""
    return _encoder.encode(message)


def encode_request(message: messages.Request) -> bytes:
    """Write the payload of a request.

    :raises TooLarge: it is over :data:`MAX_PAYLOAD`
    :raises BadRequest: a text in it, as the name of a folder, is not Unicode
    """
    try:
        payload = _encoder.encode(message)
    except UnicodeEncodeError as error:
        raise BadRequest(
            f"the text {ascii(error.object)[:100]} is not UTF-8."
            " Rename the file or folder, or replace the lone surrogates in it."
        ) from error
    if len(payload) > MAX_PAYLOAD:
        raise TooLarge(
            f"the request has {len(payload)} bytes, the limit is {MAX_PAYLOAD}."
            " Shorten the command or the text, pass a smaller environment or fewer names."
        )
    return payload


class Decoder(Generic[T]):
    """Decode only ``T``: each side names what it may hear."""

    def __init__(self, accepts: object, most: int) -> None:
        self._most = most
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(accepts)

    def decode(self, payload: bytes) -> T:
        """Read a payload.

        :raises ProtocolMismatch: it is too large, malformed or not of this direction
        """
        if len(payload) > self._most:
            raise ProtocolMismatch(f"payload of {len(payload)} bytes is over {self._most}")
        try:
            return self._decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolMismatch(f"malformed payload: {error}") from error


def check(parts: list[bytes]) -> tuple[bytes, bytes]:
    """Return the authority and the correlation of frames; refuse those not of this protocol.

    :raises ProtocolMismatch: another number of frames, header length or major version
    """
    if len(parts) != 2:
        raise ProtocolMismatch(f"expected 2 frames, got {len(parts)}")
    head = parts[0]
    if len(head) != HEADER_BYTES:
        raise ProtocolMismatch(f"expected a header of {HEADER_BYTES} bytes, got {len(head)}")
    if not head.startswith(VERSION):
        raise ProtocolMismatch(f"expected version {VERSION!r}, got {major_of(head)!r}")
    return head[4:16], head[16:32]


def request_decoder() -> Decoder[messages.Request]:
    """What the broker may hear: requests."""
    return Decoder(messages.Request, MAX_PAYLOAD)


def answer_decoder() -> Decoder[messages.Reply | messages.Push]:
    """What a client may hear: replies and pushes."""
    return Decoder(messages.Reply | messages.Push, MAX_ANSWER)
