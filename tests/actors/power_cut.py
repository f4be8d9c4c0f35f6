"""What a loss of power may leave of a folder, out of a trace of what a program did to it.

A write reaches the disk for certain when its file was synced afterwards; a name when its
folder was. Of what came later, anything may have: nothing, the first of it, any of it,
and of the last write a part. Names are lost from the end only, as on a journaling file system.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,close,pwrite64,write,fdatasync,fsync,ftruncate,unlink,rename"
SECTOR = 512
_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (\d+)")
_WORD = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def record(words: Sequence[str], log: Path) -> list[str]:
    """Run a program under strace and return the calls that went well, whole and in order."""
    options = ["-f", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-o", str(log)]
    subprocess.run(["strace", *options, *words], check=True, stdout=subprocess.DEVNULL)
    begun: dict[str, str] = {}
    calls: list[str] = []
    for line in log.read_text().splitlines():
        thread, _, call = line.partition(" ")
        call = call.lstrip()
        if call.endswith(" <unfinished ...>"):
            begun[thread] = call.removesuffix(" <unfinished ...>")
            continue
        if call.startswith("<... "):
            call = begun.pop(thread) + call.partition(" resumed>")[2]
        calls.append(call)
    return calls


Change = tuple[int, bytes | None]


@dataclass
class File:
    """What is certainly on disk, and what came later."""

    certain: bytearray = field(default_factory=bytearray)
    later: list[Change] = field(default_factory=list[Change])
    """(place, bytes), or (length, None) of a file that was cut to that."""

    def sync(self) -> None:
        for change in self.later:
            apply(self.certain, change)
        self.later.clear()


class Disk:
    """A folder under way. ``said`` are the lines that the program has printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.said: list[str] = []
        self.syncs = 0
        self._open: dict[int, str] = {}
        self._files: dict[int, File] = {}
        self._names = {p.name: File(bytearray(p.read_bytes())) for p in folder.iterdir()}
        self._certain_names = dict(self._names)
        self._versions: list[dict[str, File]] = []
        """What the names were, after each change since the folder was synced."""

    def follow(self, call: str) -> bool:
        """Do what a call did; tell whether it changed anything."""
        if (found := _CALL.match(call)) is None:
            return False
        name, rest, result = found[1], found[2], int(found[3])
        paths = [_bytes(word) for word in _WORD.findall(rest)]
        match name:
            case "openat":
                return self._opens(paths[0].decode(errors="replace"), rest, result)
            case "unlink" | "rename":
                return self._renames([p.decode(errors="replace") for p in paths])
            case "write" if rest.startswith("1,"):
                self.said += paths[0].decode().splitlines()
                return True
            case _:
                return self._changes(name, rest, paths, result)

    def _opens(self, path: str, rest: str, descriptor: int) -> bool:
        self._open[descriptor] = path
        self._files.pop(descriptor, None)
        folder, _, name = path.rpartition("/")
        if folder != self.folder or name.endswith("-shm"):
            return False
        created = name not in self._names
        if created:
            self._names[name] = File()
            self._versions.append(dict(self._names))
        self._files[descriptor] = self._names[name]
        if "O_TRUNC" in rest:
            self._files[descriptor].later.append((0, None))
        return created

    def _renames(self, paths: list[str]) -> bool:
        if not paths[0].startswith(self.folder + "/"):
            return False
        moved = self._names.pop(paths[0].rpartition("/")[2], None)
        if moved is not None and len(paths) > 1:
            self._names[paths[1].rpartition("/")[2]] = moved
        self._versions.append(dict(self._names))
        return True

    def _changes(self, name: str, rest: str, words: list[bytes], result: int) -> bool:
        numbers = [int(n) for n in re.findall(r"(?:^|, )(\d+)", _WORD.sub("", rest))]
        descriptor = numbers[0]
        if name in ("fsync", "fdatasync") and self._open.get(descriptor) == self.folder:
            self._certain_names, self._versions = dict(self._names), []
            return True
        file = self._files.get(descriptor)
        if name == "close":
            self._open.pop(descriptor, None)
            self._files.pop(descriptor, None)
        if file is None or name == "close":
            return False
        self._change(file, name, numbers, words, result)
        return True

    def _change(
        self, file: File, name: str, numbers: list[int], words: list[bytes], result: int
    ) -> None:
        match name:
            case "fsync" | "fdatasync":
                file.sync()
                self.syncs += 1
            case "ftruncate":
                file.later.append((numbers[1], None))
            case "pwrite64":
                file.later.append((numbers[-1], words[0][:result]))
            case _:  # the few files that are written from the beginning
                file.later.append((len(file.certain), words[0][:result]))

    def lose_power(self, chance: random.Random, target: Path) -> None:
        """Write what may be left into a new folder."""
        names = chance.choice([self._certain_names, *self._versions])
        target.mkdir()
        for name, file in names.items():
            content = bytearray(file.certain)
            for change in _some(file.later, chance):
                apply(content, change)
            (target / name).write_bytes(content)


def apply(content: bytearray, change: Change) -> None:
    place, data = change
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    if data is None:
        del content[place:]
    else:
        content[place : place + len(data)] = data


def _some(changes: list[Change], chance: random.Random) -> Iterator[Change]:
    """Yield none of them, the first of them, any of them, all of them; the last perhaps torn."""
    match chance.randrange(4):
        case 0:
            return
        case 1:
            chosen = changes[: chance.randint(0, len(changes))]
        case 2:
            chosen = [change for change in changes if chance.random() < 0.5]
        case _:
            chosen = list(changes)
    if chosen and chosen[-1][1] and chance.random() < 0.5:
        place, data = chosen.pop()
        assert data is not None
        chosen.append((place, data[: SECTOR * chance.randint(0, len(data) // SECTOR)]))
    yield from chosen


def _bytes(word: str) -> bytes:
    return bytes.fromhex(word.replace("\\x", ""))
