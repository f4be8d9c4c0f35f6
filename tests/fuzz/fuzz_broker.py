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

INPUTS = 200
"""So many are said to one broker before its state is looked at."""
BATCH_BYTES = 4096


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
        step = max(1, len(data) // INPUTS)
        for start in range(0, len(data), step):
            it.say(data[start : start + step])
        await it.rest()


def try_one(data: bytes) -> None:
    """What atheris calls with every input."""
    anyio.run(besiege, data)


if __name__ == "__main__":
    fuzzer = instrumented()
    fuzzer.Setup([*sys.argv, f"-max_len={BATCH_BYTES}"], try_one)
    fuzzer.Fuzz()
