from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# A child writes to 4 MiB that it shares with its parent, after it may have unshared them.
WRITER = """
import mmap, os, resource, sys
from signalpost.actors.shim_pages import unshare

shared = bytearray(4 << 20)
if os.fork() == 0:
    if sys.argv[1] == "unshare":
        for _ in unshare():
            pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for page in range(0, len(shared), mmap.PAGESIZE):
        shared[page] = 1
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, flush=True)
    os._exit(0)
os.wait()
"""


def faults_when_writing(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", WRITER, how], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux populates pages on request")
def test_a_child_that_has_unshared_its_pages_writes_without_faults() -> None:
    if tuple(map(int, platform.release().split(".")[:2])) < (5, 14):
        pytest.skip("this kernel is older than MADV_POPULATE_WRITE (5.14)")
    assert faults_when_writing("keep") > 500
    assert faults_when_writing("unshare") < 50
