"""The agents' door: a stdio MCP server whose every tool is an await on the broker.

Pure, in this order: ``tools`` with ``task_tools``, ``mail_tools`` and
``tool_text``, and ``instructions`` (what a model reads first); ``arguments``
with ``calls``, ``given`` and ``env_vars``, ``mail_arguments`` with
``mail_calls`` (a call becomes a value); ``render``, ``mail_text``,
``message_text``, ``mail_fields``, ``json_line`` and ``progress_text`` (an
answer becomes text and fields); ``deliveries`` (what of the mail shown is
acknowledged); ``budget``, ``identity`` and ``options`` (how long a call may
wait, who calls, how the bridge is set up).

Around them: ``broker_port`` (what is needed of a broker's client), ``clients``,
``correspondence``, ``asker`` and ``progress``, ``server`` with
``task_handlers``, ``mail_handlers`` and ``results`` (the tools), ``eras``,
``stdio`` and ``traffic`` (both protocol eras on one pipe, and what passes over
it), ``lean_imports`` and ``deferred`` (the SDK without what serves HTTP),
``start`` and ``process`` (start and end).
"""
