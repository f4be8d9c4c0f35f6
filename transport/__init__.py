"""What crosses a socket, and the sockets. Knows nothing of actors.

Read in this order: ``messages`` (what can be said), ``frames`` (how it is
written), ``errors`` (how it is refused), ``session`` (who is speaking),
``endpoint`` and ``launch`` (where the broker is, and starting one),
``sockets`` (the only module that knows ZeroMQ), ``client``.
"""
