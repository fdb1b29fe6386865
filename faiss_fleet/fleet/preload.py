# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Imports what the stages need in Ansible's main process, from which a worker is forked for every host and task.

Without it each worker imports for itself: 0.17 s of CPU for a host and stage, as much as the rest of the task.
"""

from __future__ import annotations

import gc

from .. import options, strategies
from ..attempts import fallback
from ..attempts import run as attempts
from ..plan import decide, recommend, settable
from ..plan import planner as planning
from ..strategies.wheel import catalogue
from . import ansible_host as remote_host
from . import preflight, stages

STAGES = (attempts, decide, fallback, options, planning, preflight, recommend, remote_host, settable, stages)


def warm() -> None:
    """Loads the strategies and the table of wheels; both stay in memory, as does everything that was imported.

    Python looks through none of it again for cycles, in this process and in each worker: a worker that does it copies
    what it looks through.
    """
    strategies.all_strategies()
    catalogue.table()
    gc.freeze()
