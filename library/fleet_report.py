# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_report.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_report
short_description: Writes the reports of a run again from its records
description:
  - Runs on the controller alone. Hosts that a broken-off run never finished get their record as interrupted. The same
    records give the same files, byte for byte, and nothing is changed then.
options:
  run:
    description: An id, which is the name of a directory under reports/, or C(latest).
    type: str
    default: latest
  formats:
    description: What is written, C(all) or any of C(html), C(markdown), C(assessment), C(csv), C(json), C(parquet),
      C(junit), C(sarif), C(prometheus).
    type: list
    elements: str
    default: [html, markdown, assessment, csv]
  prometheus_file:
    description: A file that gets the metrics besides, replaced as a whole.
    type: str
  store:
    description:
      - Where earlier runs are looked up, an SQLite file or a URL of PostgreSQL; what the callback C(fleet_record) uses
        where it is not given. One that does not answer is a warning, and the reports are written without earlier runs.
    type: str
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: Write every format of the latest run
  fleet_report:
    formats: [all]
'''

RETURN = r'''
directory:
  description: The run's directory.
  returned: success
  type: str
  sample: /srv/faiss-fleet/reports/20261122T101112Z-5a3f1e
files:
  description: The files of the run.
  returned: success
  type: list
hosts:
  description: How many hosts the run has.
  returned: success
  type: int
states:
  description: Hosts by state.
  returned: success
  type: dict
  sample: {native: 5, fallback: 0, failed: 0, unreachable: 1}
'''
