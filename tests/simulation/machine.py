"""One simulated machine: its disk, its network, its processes, and at most one broker at a time."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from signalpost.actors.moment import Moment
from signalpost.actors.settings import Settings
from signalpost.transport import endpoint
from signalpost.transport.errors import BrokerUnavailable, SignalpostError
from tests.simulation.broker_life import BrokerLife
from tests.simulation.chronicle import Chronicle
from tests.simulation.commands import Commands
from tests.simulation.disk import Disk
from tests.simulation.failpoints import Failpoints
from tests.simulation.network import Line, Network, SimulatedRouter

DAY_ONE = 1_700_000_000.0


class Pulse:
    """Tells of the death of one process; behaves as :class:`.lifeline.Lifeline`."""

    def __init__(self, machine: Machine, pid: int, on_death: Callable[[], None]) -> None:
        self._machine = machine
        self._pid = pid
        self._on_death: Callable[[], None] | None = on_death
        machine.pulses.setdefault(pid, []).append(self)

    def close(self) -> None:
        self._on_death = None

    def died(self) -> None:
        if self._on_death is not None:
            on_death, self._on_death = self._on_death, None
            on_death()


class Machine:
    """Where everything happens."""

    def __init__(
        self,
        chance: random.Random,
        folder: Path,
        settings: Settings,
        tasks: TaskGroup,
        uid: int,
        points: Failpoints,
    ) -> None:
        self.chance = chance
        self.fresh = random.Random(chance.getrandbits(64)).randbytes
        """Gives random bytes, the same in every run of one seed."""
        self.points = points
        self.folder = folder
        self.settings = settings
        self.tasks = tasks
        self.disk = Disk(chance, self.passing)
        self.chronicle = Chronicle(chance, folder)
        self.network = Network(chance, uid, self.client_passes, self.chronicle.sent)
        self.commands = Commands(chance, lambda: self.moment().wall)
        self.commands.widths = dict(settings.queues)
        self.pulses: dict[int, list[Pulse]] = {}
        self.alive: set[int] = set()
        self.killers: dict[int, Callable[[], None]] = {}
        """What kills each program, by its pid."""
        self.task_ids = itertools.count(1)
        self.broker: BrokerLife | None = None
        self.lives = 0
        self.deaths: list[float] = []
        """When a broker was killed."""
        self._pids = itertools.count(1 << 30)  # of no real process
        self._door = anyio.Lock()
        self.published: endpoint.Published | None = None

    def moment(self) -> Moment:
        now = asyncio.get_running_loop().time()
        return Moment(now, DAY_ONE + now)

    def fork(self) -> int:
        """Return the pid of a new process."""
        pid = next(self._pids)
        self.alive.add(pid)
        self.killers[pid] = partial(self.kill, pid)
        return pid

    def kill(self, pid: int) -> None:
        """A process is gone; who watches it is told a little later."""
        self.alive.discard(pid)
        for pulse in self.pulses.pop(pid, []):
            delay = self.chance.uniform(0.001, 0.05)
            asyncio.get_running_loop().call_later(delay, pulse.died)

    def watch(self, pid: int, on_death: Callable[[], None]) -> Pulse:
        pulse = Pulse(self, pid, on_death)
        if pid not in self.alive:
            asyncio.get_running_loop().call_later(0.001, pulse.died)
        return pulse

    # ------------------------------------------------------------ strikes

    def passing(self, point: str) -> None:
        """The broker passes a point."""
        self.chronicle.passed(point)
        self.points.passing(point, self.kill_broker)

    def client_passes(self, point: str, pid: int) -> None:
        """A program does."""
        self.chronicle.passed(point, pid)
        self.points.passing(point, self.killers[pid])

    # ------------------------------------------------------------ the broker

    async def ensure_broker(self) -> endpoint.Published:
        """Return the published broker, started if there is none."""
        async with self._door:
            if self.published is None or self.published.pid not in self.alive:
                await anyio.sleep(self.chance.uniform(0.02, 0.3))
                with anyio.CancelScope(shield=True):  # it outlives who has started it
                    await self._start_broker()
        assert self.published is not None
        return self.published

    async def _start_broker(self) -> None:
        self.lives += 1
        life = self.broker = BrokerLife(self, self.lives)
        try:
            await self.tasks.start(life.run)
        except (SignalpostError, OSError) as error:
            self.broker = None
            self.kill(life.pid)
            raise BrokerUnavailable(f"the broker did not start: {error}") from error
        self.passing("before publishing")
        if self.broker is not life:
            raise BrokerUnavailable("the broker was killed as it started")
        self.published = life.published
        self.passing("after publishing")

    def kill_broker(self) -> None:
        """SIGKILL."""
        life, self.broker = self.broker, None
        if life is not None:
            self.deaths.append(asyncio.get_running_loop().time())
            life.die()
            self.kill(life.pid)


def _nothing(_line: Line) -> None: ...


class SimulatedReach:
    """The way of one process to the machine's broker; behaves as :class:`.reach.LocalReach`."""

    def __init__(self, machine: Machine, pid: int) -> None:
        self._machine = machine
        self._pid = pid
        self.line: Line | None = None
        self.on_connect: Callable[[Line], object] = _nothing
        """What happens to the next line."""
        self.dead = False

    async def find(self, *, start: bool) -> endpoint.Published:
        published = self._machine.published
        if start:
            return await self._machine.ensure_broker()
        if published is None or published.pid not in self._machine.alive:
            raise BrokerUnavailable("no broker runs.")
        return published

    def connect(self, published: endpoint.Published) -> Line:
        life = self._machine.broker
        there = life is not None and life.published == published
        router = (
            life.router if life is not None and there else SimulatedRouter(self._machine.network)
        )
        self.line = self._machine.network.connect(router, self._pid)
        self.line.closed = self.dead
        on_connect, self.on_connect = self.on_connect, _nothing
        on_connect(self.line)
        return self.line

    def watch(self, published: endpoint.Published, on_death: Callable[[], None]) -> Pulse:
        return self._machine.watch(published.pid, on_death)

    def was_killed(self, published: endpoint.Published) -> bool:
        return self._machine.published == published

    def log(self) -> Path:
        return self._machine.folder / "broker.log"

    def kill(self) -> None:
        """The process is dead."""
        self.dead = True
        if self.line is not None:
            self.line.kill()
