"""Atheris makes up what is said to the broker, steered by what that reaches.

    pip install atheris
    PYTHONPATH=. .venv/bin/python tests/fuzz/fuzz_broker.py -max_total_time=600 [FOLDER]

FOLDER keeps the inputs that reached something new. An input that does harm ends
the run with a traceback and is kept in a file `crash-…`, which is tried again
by giving its name.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import anyio

INPUT_BYTES = 12
BATCH_BYTES = 4096
"""So many are said to one broker, in inputs of a few bytes, before its state is looked at."""


def instrumented() -> Any:  # noqa: ANN401 - atheris has no types
    """Return atheris, which has had a look at all of the broker as that was imported."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["signalpost"]):
        importlib.import_module("tests.fuzz.siege")
    return atheris


async def besiege(data: bytes) -> None:
    """Say what ``data`` stands for, cut into inputs, and look what is left."""
    siege = importlib.import_module("tests.fuzz.siege").siege
    async with siege() as it:
        for start in range(0, len(data), INPUT_BYTES):
            it.say(data[start : start + INPUT_BYTES])
        await it.rest()


def try_one(data: bytes) -> None:
    """What atheris calls with every input."""
    anyio.run(besiege, data)


if __name__ == "__main__":
    fuzzer = instrumented()
    fuzzer.Setup([*sys.argv, f"-max_len={BATCH_BYTES}", "-len_control=0"], try_one)
    fuzzer.Fuzz()
