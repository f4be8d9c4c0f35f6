"""The agents' door: a stdio MCP server whose every tool is an await on the broker.

Pure, in this order: ``tools`` and ``instructions`` (what a model reads first),
``arguments`` with ``calls``, ``given`` and ``env_vars`` (a call becomes a
value), ``render`` with ``safe_text`` and ``progress_text`` (an answer becomes
text), ``budget``, ``identity`` and ``options`` (how long a call may wait, who
calls, how the bridge is set up).

Around them: ``broker_port`` (what is needed of a broker's client), ``clients``
and ``progress``, ``server`` (the tools), ``eras`` and ``stdio`` (both protocol
eras on one pipe), ``process`` (start and end).
"""
