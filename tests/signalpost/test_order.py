from __future__ import annotations

import pytest

from signalpost.order import Order
from signalpost.transport.errors import BadRequest


def order(command: str = "true", folder: str = "/", value: str = "1") -> Order:
    return Order(command, folder, "global", 60.0, {"A": value})


def test_any_unicode_is_taken() -> None:
    assert order("echo ü 🙂", "/tmp/ä", "ß").command == "echo ü 🙂"


@pytest.mark.parametrize("field", ["command", "folder", "value"])
def test_bytes_that_are_not_utf8_are_refused_before_sending(field: str) -> None:
    with pytest.raises(BadRequest, match="not UTF-8"):
        order(**{field: b"caf\xe9".decode("utf-8", "surrogateescape")})
