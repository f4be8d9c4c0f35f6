"""Who wants a run of the broker's: equal calls share one, each by an MCP task of its own. Pure.

    run 8 <── wanted by ──┬── the first call   ── cancelled: it alone, and the run goes on
                          └── the same again   ── cancelled: nobody is left, and the run ends

A bridge knows of the calls that it began itself, and of those that were looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass

Run = tuple[int, float]
"""A task of the broker's: its number, and when it was made."""
_MOST = 1000


@dataclass(slots=True)
class _Claim:
    run: Run
    left_at: float | None = None


class Claims:
    """The newest MCP tasks that are runs, by their ids."""

    def __init__(self) -> None:
        self._claims: dict[str, _Claim] = {}

    def hold(self, name: str, run: Run) -> None:
        """Note that an MCP task wants a run, unless it has left it."""
        self._claims.setdefault(name, _Claim(run))
        if len(self._claims) > _MOST:
            del self._claims[next(iter(self._claims))]

    def leave(self, name: str, run: Run, now: float) -> bool:
        """Have an MCP task leave its run to the others; False: there are none, and it is to end."""
        others = [c for other, c in self._claims.items() if other != name and c.run == run]
        if all(other.left_at is not None for other in others):
            return False
        self.hold(name, run)
        claim = self._claims[name]
        claim.left_at = claim.left_at or now
        return True

    def left_at(self, name: str) -> float | None:
        """Return when an MCP task has left its run to others; None: it has not."""
        claim = self._claims.get(name)
        return claim.left_at if claim is not None else None
