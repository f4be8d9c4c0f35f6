from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.home import Home
from tests.system.place import Place

_OURS = ("SIGNALPOST_", "CLAUDE_CODE_MESSAGING_", "GPTQ_")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A data dir of its own; afterwards nothing that was started for it may live."""
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    place = Place()
    yield place
    assert place.close() == []


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
    home = Home(folder)
    yield home
    home.close()
    shutil.rmtree(folder)
