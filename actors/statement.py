"""How changes of one kind get into the store's file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .bulk_insert import BulkInsert

T = TypeVar("T")

FIRST, INSERT, UPDATE, LAST = range(4)
"""Ranks: a row is inserted before it is updated, and removed after both."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement(Generic[T]):
    """SQL, and what it wants of an item.

    All items of a group go through the first step, then all through the next.
    """

    rank: int
    steps: tuple[tuple[str, Callable[[T], Sequence[object]]], ...]
    """Records are made in the store's thread, of items that nobody changes any more."""
    bulk: BulkInsert[T] | None = None
    """How a commit that holds nothing else is written, at a lower cost."""
