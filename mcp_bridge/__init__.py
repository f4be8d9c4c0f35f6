"""The agents' door: a stdio MCP server whose every tool is an await on the broker.

Read in this order: ``tools`` and ``instructions`` (what a model reads first),
``arguments`` with ``given`` and ``env_vars`` (a call becomes a value),
``render`` with ``safe_text`` and ``progress_text`` (an answer becomes text),
``budget`` and ``identity`` (who calls, how long they wait), ``server`` (one
handler per tool), ``eras`` and ``stdio`` (both protocol eras on one pipe),
``process`` (start and end of a bridge). All but the last six are pure;
``broker_port`` says what the bridge needs of a client.
"""
