# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_batch.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_batch
short_description: Audits in one remote call each the hosts where nothing has changed
description:
  - One call for all hosts of the play. Each host is asked once, as many at a time as C(--forks) says, for its facts,
    for the brief search test of what is configured, and whether its configuration is what would be written.
  - A host where nothing has to be done has its record afterwards. Of any other host nothing is changed; the play that
    follows, with C(hosts) from the lookup C(fleet_rest), has it go through the roles.
  - A host whose variable C(fleet_batch) is false is left to the roles.
options:
  facts_only:
    description: Gather facts and do no more, as in C(playbooks/probe.yml).
    type: bool
    default: false
author: [The faiss-fleet authors]
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
'''

EXAMPLES = r'''
- name: Ask each host once
  fleet_batch:
'''

RETURN = r'''
file:
  description: What became of each host, a file on the controller that lasts as long as the run.
  returned: always
  type: str
  sample: /root/.ansible/tmp/ansible-local-1/fleet-batch-1.json
hosts:
  description: How many hosts are done, and how many are left to the roles.
  returned: always
  type: dict
  sample: {done: 48, left: 2}
'''
