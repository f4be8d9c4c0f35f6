"""A turn from the command line, in an idle queue, beside the bare command."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from functools import partial

from bench import peers
from bench.harness import interleave, missing, show
from bench.samples import Samples

ROUNDS = 15


def main() -> None:
    """Measure all, interleaved, after one warm-up of each."""
    folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")
    sides = _sides(folder)
    samples = {name: Samples(name) for name in sides}

    def once(name: str) -> None:
        began = time.perf_counter()
        subprocess.run(
            sides[name],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**peers.environment(), "PARALLEL_HOME": folder},
        )
        samples[name].values.append(time.perf_counter() - began)

    try:
        with peers.serving("-m", "signalpost", "broker", "--auto", "--data-dir", f"{folder}/d"):
            for name in sides:
                once(name)
                samples[name].clear()
            interleave(ROUNDS, [partial(once, name) for name in sides], "command line")
    finally:
        shutil.rmtree(folder)
    show("cli: a turn from the command line", "milliseconds", 1e3, [*samples.values()])


def _sides(folder: str) -> dict[str, list[str]]:
    sides = {
        "sh -c true": ["sh", "-c", "true"],
        "flock": ["flock", f"{folder}/lock", "true"],
        "signalpost run -- true": peers.python(
            "-m", "signalpost", "run", "--data-dir", f"{folder}/d", "--", "true"
        ),
    }
    tools = {
        "sem --fg true": ("sem", ["--id", folder.replace("/", "-"), "--fg", "true"]),
        "tq run true": ("tq", ["--data-dir", f"{folder}/atq", "run", "true"]),
    }
    for name, (program, words) in tools.items():
        # Debian's nq has a tq too, which is something else.
        path = peers.find(program) if peers.find("agent-task-queue") or program != "tq" else None
        if path:
            sides[name] = [path, *words]
        else:
            missing("cli", program)
    return sides
