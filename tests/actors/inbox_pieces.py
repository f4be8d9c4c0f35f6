"""What the model of an inbox is made of. Times are whole seconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Caller:
    """A sender that waits."""

    correlation: bytes
    session: bytes
    goal: str
    park: int | None
    deadline: int | None
    bounced: str = ""
    is_over: bool = False
    answered: bool = False


@dataclass(eq=False)
class Hold:
    """A lease."""

    session: bytes
    correlation: bytes
    since: int
    renewed: int
    token: bytes = b""


@dataclass(eq=False)
class Letter:
    """A message."""

    id: str
    sender: str
    question: str
    expires: int | None
    task_id: int | None = None
    seq: int = 0
    state: str = "ready"
    attempts: int = 0
    deliveries: int = 0
    stored: bool = False
    reason: str = ""
    hold: Hold | None = None
    caller: Caller | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("ready", "leased")

    def stage(self) -> str:
        if self.is_open:
            return "delivered" if self.deliveries else "stored"
        return {"done": "acked"}.get(self.state, self.state)

    def has_come_far_enough(self, goal: str) -> bool:
        order = ["stored", "delivered", "acked", "reply"]
        stage = self.stage()
        return stage in ("expired", "dead") or order.index(stage) >= order.index(goal)


@dataclass(eq=False)
class Want:
    """A receiver that waits."""

    correlation: bytes
    session: bytes
    most: int
    sender: str
    question: str
    deadline: int | None
    is_asker: bool = False
    gone: bool = False

    def takes(self, letter: Letter) -> bool:
        return self.sender in ("", letter.sender) and self.question in ("", letter.question)


@dataclass
class Expected:
    """What must follow from one verb."""

    delivered: list[tuple[bytes, list[str]]] = field(default_factory=list[tuple[bytes, list[str]]])
    kept: list[str] = field(default_factory=list[str])
    changed: set[str] = field(default_factory=set[str])
    told: list[tuple[bytes, str, str]] = field(default_factory=list[tuple[bytes, str, str]])
    refused: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    ended: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
