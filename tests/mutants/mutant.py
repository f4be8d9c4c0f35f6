"""One fault that is planted in the product, and the tests that must notice it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A fault as a hurried programmer might make it."""

    name: str
    file: str
    """From the root of the tree."""
    text: str
    """Stands exactly once in the file."""
    instead: str
    tests: tuple[str, ...]
    """As pytest calls them: at least one of them must turn red."""

    @property
    def module(self) -> str:
        """Under what name the file is imported."""
        name = self.file.removesuffix(".py").replace("/", ".")
        return name if name.startswith("signalpost") else f"signalpost.{name}"

    def mutate(self, source: str) -> str:
        """Return the source with the fault in it.

        :raises ValueError: it does not fit any more
        """
        if (count := source.count(self.text)) != 1:
            raise ValueError(
                f"{self.name}: its text stands {count} times in {self.file}, not once."
                " Write anew in tests/mutants what is to be replaced."
            )
        mutated = source.replace(self.text, self.instead)
        compile(mutated, self.file, "exec")
        return mutated

    def plant(self, root: Path) -> None:
        """Put the fault into the tree at ``root``.

        :raises ValueError: it does not fit any more
        """
        path = root / self.file
        path.write_text(self.mutate(path.read_text("utf-8")), "utf-8")

    def missing(self, root: Path) -> list[str]:
        """Return those of its tests that are not there any more."""
        return [test for test in self.tests if not _is_there(root, test)]


def _is_there(root: Path, test: str) -> bool:
    name, _, function = test.partition("::")
    path = root / name
    return path.is_file() and (not function or function in _functions(path))


def _functions(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.name for node in found if isinstance(node, functions)}
