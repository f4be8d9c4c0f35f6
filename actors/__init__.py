"""Actors: the broker.

Read in this order: ``task`` and ``queue`` (the rules), ``turns`` (tasks inside
tasks), ``effects``, ``queue_actor`` (the shell that runs the rules),
``supervisor`` (what happens when an actor fails), ``broker`` (how requests
reach actors), ``serve`` (the process). ``shim`` runs one command; ``launcher``
hands it over; ``store``, ``eventlog`` and ``output`` are what stays on disk.
"""
