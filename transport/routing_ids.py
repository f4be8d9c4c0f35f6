"""Makes the routing ids that ZeroMQ gives to peers unforeseeable.

libzmq 4.3.5 numbers the peers of a ROUTER from a random number on that it takes
from the C library and never seeds, so that it is the same in every process. And
when a peer claims a number that is not given out yet, the whole process is
aborted as soon as the next peer gets it (socket_base.cpp, ``add_out_pipe``).
"""

from __future__ import annotations

import os


def make_unforeseeable() -> None:
    """Seed the C library's random numbers; before a ROUTER is made."""
    import ctypes

    ctypes.CDLL(None).srand(ctypes.c_uint(int.from_bytes(os.urandom(4), "big")))
