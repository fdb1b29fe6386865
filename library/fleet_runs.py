# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_runs.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_runs
short_description: Compares, exports, removes or takes in runs
description:
  - What C(faiss-fleet diff), C(export), C(prune) and C(import) do, as a task on the controller alone.
options:
  do:
    description: What is done.
    type: str
    choices: [diff, export, prune, import]
    required: true
  before:
    description: For C(diff), the run to compare with, by id, the beginning of one, C(latest) or C(previous).
    type: str
    default: previous
  run:
    description: The run that is compared or exported, named in the same ways.
    type: str
    default: latest
  format:
    description: For C(export), C(json), C(jsonl), C(csv), C(parquet), C(junit), C(sarif), C(prometheus), C(markdown),
      C(assessment) or C(html).
    type: str
    default: json
  file:
    description: For C(export), the file, replaced as a whole.
    type: str
  keep:
    description: For C(prune), how many of the newest runs stay.
    type: int
  older_than:
    description: For C(prune), the age from which runs go, such as C(90d), C(12w) or C(36h).
    type: str
  remove_files:
    description: For C(prune), whether their folders go as well.
    type: bool
    default: false
  store:
    description: An SQLite file or a URL of PostgreSQL; without it what the callback C(fleet_record) uses.
    type: str
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: See what changed since the last run
  fleet_runs:
    do: diff
- name: Keep a quarter
  fleet_runs:
    do: prune
    older_than: 90d
'''

RETURN = r'''
diff_of_runs:
  description: Every change by kind, as C(faiss-fleet diff --json) prints it; C(empty) when there is none.
  returned: with C(diff)
  type: dict
file:
  description: What was written.
  returned: with C(export)
  type: str
runs:
  description: Ids of the runs that were removed, or that the store holds.
  returned: with C(prune) and C(import)
  type: list
'''
