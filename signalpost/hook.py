"""``signalpost hook``: a client's hook, which never breaks and never delays its client.

    words ──> JSON on stdin ──> broker ──> JSON on stdout ──> exit 0
                 whatever goes wrong ──> a line in hook.log ──> exit 0

It is reached before anything else of the command line is loaded: the whole of it
takes about a tenth of a second, most of which is Python itself.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from .hook_answer import START_SECONDS, answer, coming_of
from .hook_contract import Contract
from .hook_input import BadInput, read_given
from .hook_log import note
from .hook_marks import MarksTaken
from .hook_words import HookOrder, read_words
from .transport import endpoint
from .transport.errors import SignalpostError

_LONGEST_SECONDS = 1.0
"""A hook ends by then, whatever it waits for: a file system, a lock, a reader."""
_LATE_SECONDS = 3.0
"""A wait may last so much longer: the broker tells its end."""
_MODULES = {"claude-code": "hook_claude"}


def main(words: Sequence[str]) -> None:
    """Do the work of a hook and end the process; return where a person is to be told something."""
    gc.disable()  # what lives for a tenth of a second has no garbage
    if {"-h", "--help"} & set(words):
        return
    order = read_words(words, os.environ)
    if order is None and sys.stderr.isatty():
        return
    run(order)


def run(order: HookOrder | None) -> NoReturn:
    """Do the work of a hook and end the process with 0. None: its words were not understood."""
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, _longest(order))
    try:
        folder = endpoint.data_dir(order.data_dir if order else None)
        said = _said(order, folder) if order else _not_understood(folder)
        if said:
            os.write(1, said)
    except (OSError, SignalpostError):
        os._exit(0)  # there is no data dir, or nobody who reads
    os._exit(0)


def _said(order: HookOrder, folder: Path) -> bytes:
    """Return what is written to the client; nothing when anything goes wrong."""
    try:
        return respond(order, 0, folder)
    except SignalpostError as error:
        reason = f"{error.code}: {error}"
    except (BadInput, MarksTaken) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  a fault of ours must not be one of the client
        reason = _fault(error)
    note(folder, f"{order.word} {order.client}", reason)
    return b""


def respond(order: HookOrder, descriptor: int, folder: Path) -> bytes:
    """Return what is written to the client that writes to ``descriptor``.

    :raises BadInput: it has written nothing that can be read
    :raises SignalpostError: no broker could be asked
    """
    contract = contract_of(order.client)
    heard = contract.hear(order.word, read_given(descriptor))
    if heard is None:
        raise BadInput(f"the input is no event that {order.client} calls {order.word}")
    return contract.say(heard, answer(order, contract, heard, folder))


def contract_of(client: str) -> Contract:
    """Return the contract of a client; the others are not loaded."""
    module = import_module(f".{_MODULES.get(client, f'hook_{client}')}", __package__)
    contract: Contract = module.CONTRACT
    return contract


def _not_understood(folder: Path) -> bytes:
    note(folder, "hook", "its words are not understood. Run: signalpost hook --help")
    return b""


def _fault(error: Exception) -> str:
    """Tell where a fault has its place, without its text, which may hold what a client wrote."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
    return f"{type(error).__name__} at {where}"


def _longest(order: HookOrder | None) -> float:
    if order is None:
        return _LONGEST_SECONDS
    starts = order.word == "session-start" and order.start
    most = _LONGEST_SECONDS + order.limit + max(coming_of(order), START_SECONDS * starts)
    return most + order.wait + _LATE_SECONDS if order.word == "stop" and order.wait else most


def _end(number: int, _frame: object) -> NoReturn:
    os._exit(0)
