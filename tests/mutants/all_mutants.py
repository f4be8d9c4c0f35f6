"""Every fault that is planted."""

from __future__ import annotations

from tests.mutants.bell_mutants import BELLS
from tests.mutants.bridge_mutants import BRIDGE
from tests.mutants.greeting_mutants import GREETINGS
from tests.mutants.hook_mutants import HOOKS
from tests.mutants.mail_mutants import MAIL
from tests.mutants.relay_mutants import RELAY
from tests.mutants.setup_mutants import SETUP
from tests.mutants.store_mutants import STORE
from tests.mutants.task_mutants import TASKS

MUTANTS = (
    *MAIL,
    *TASKS,
    *RELAY,
    *STORE,
    *BRIDGE,
    *BELLS,
    *GREETINGS,
    *HOOKS,
    *SETUP,
)
