"""What a command writes is logged in the order in which it was written, whatever the pace."""

from __future__ import annotations

import pytest

from tests.actors.bench import Bench, python

REPETITIONS = 20


def numbers(last: int) -> bytes:
    return b"".join(b"%d\n" % i for i in range(1, last + 1))


PYTHON = """if True:
    import sys
    for number in range(1, 30001): print(number)
    sys.stdout.flush()
    sys.stderr.write("error: cause\\n")
    print("stop")
"""
PACKETS = """if True:
    import os
    for _ in range(30):
        os.write(1, b"a" * 9000); os.write(2, b"b" * 9000)
        os.write(1, b"c" * 50); os.write(2, b"d" * 50)
"""
PACES = """if True:
    import os
    for _ in range(5):
        for _ in range(100): os.write(1, b"o")
        for _ in range(100): os.write(2, b"e")
        os.write(1, b"x" * 300000); os.write(2, b"E"); os.write(1, b"O")
"""
UNWILLING = """if True:
    import os, time
    os.set_blocking(1, False)
    os.set_blocking(2, False)
    os.write(1, b"o"); os.write(2, b"e")
    while not (os.get_blocking(1) and os.get_blocking(2)): time.sleep(0.01)
    for _ in range(200): os.write(1, b"o"); os.write(2, b"e")
"""

LAST = "echo 'error: cause' >&2; echo stop"
SCENES: dict[str, tuple[str, bytes]] = {
    "a few lines, then the error": (
        f"for i in $(seq 60); do echo $i; done; {LAST}",
        numbers(60) + b"error: cause\nstop\n",
    ),
    "a flood, then the error": (
        f"seq 200000; {LAST}",
        numbers(200000) + b"error: cause\nstop\n",
    ),
    "a file, then the error": (
        f"cat big; {LAST}",
        numbers(100000) + b"error: cause\nstop\n",
    ),
    "a program's own buffer, then the error": (
        python(PYTHON),
        numbers(30000) + b"error: cause\nstop\n",
    ),
    "a flood of errors, then the rest": (
        "seq 100000 >&2; echo out; echo err >&2",
        numbers(100000) + b"out\nerr\n",
    ),
    "floods in turn": (
        "for i in 1 2 3; do seq 3000; seq 4000 >&2; done; echo out; echo err >&2",
        (numbers(3000) + numbers(4000)) * 3 + b"out\nerr\n",
    ),
    "more than a packet": (
        python(PACKETS),
        (b"a" * 9000 + b"b" * 9000 + b"c" * 50 + b"d" * 50) * 30,
    ),
    "one pace after the other": (
        python(PACES),
        (b"o" * 100 + b"e" * 100 + b"x" * 300000 + b"EO") * 5,
    ),
    "a writer that would not wait": (python(UNWILLING), b"oe" * 201),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_the_log_has_the_order_of_the_writes(bench: Bench, scene: str) -> None:
    command, expected = SCENES[scene]
    (bench.folder / "big").write_bytes(numbers(100000))
    for _ in range(REPETITIONS):
        outcome = await bench.run(command, head_bytes=1 << 23)
        assert bench.output() == expected
        assert outcome.tail == expected[-32768:]


async def test_one_who_writes_beside_a_flood_keeps_the_order_of_his_own(bench: Bench) -> None:
    source = """if True:
        import os
        for number in range(200):
            os.write(2, b"e%d\\n" % number); os.write(1, b"o%d\\n" % number)
    """
    command = f"yes '' & {python(source)}; kill $!"
    outcome = await bench.run(command, head_bytes=1 << 30)
    assert outcome.exit_code == 0
    words = bench.output().split()
    assert words == [word for n in range(200) for word in (b"e%d" % n, b"o%d" % n)]


async def test_floods_on_both_streams_at_once_come_whole_and_none_starves(bench: Bench) -> None:
    command = "seq 1 2 2000000 & seq 2 2 2000000 >&2 & wait; yes & seq 1000 >&2; kill $!"
    outcome = await bench.run(command)
    assert outcome.exit_code == 0
    assert outcome.stderr_lines == 1_001_000
    assert outcome.stdout_lines >= 1_000_000
