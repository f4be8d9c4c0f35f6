"""Which rings told an agent of a message. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..transport.letters import Ring


def covering(rings: Iterable[Ring], sent: float, delivered: float | None) -> list[Ring]:
    """Return the rings that meant a message: later than it was sent, and before it was delivered.

    :param sent: Unix seconds; likewise ``delivered``, which is None when it was not
    """
    return [
        ring
        for ring in rings
        if ring.at >= sent
        and ring.cursor >= int(sent * 1000)
        and (delivered is None or ring.at <= delivered)
    ]
