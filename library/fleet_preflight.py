# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_preflight.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_preflight
short_description: Refuse an inventory that cannot be audited, before any host is touched
description:
  - Checks the variables of every host of the play once, on the controller alone. Its message has one line for
    each fault, with the hosts that have it.
options:
  files:
    description: Whether the files on the controller that the options name are read as well, such as a wheelhouse.
    type: bool
    default: true
  list_hosts:
    description: Whether the result names the hosts of the play, with their groups.
    type: bool
    default: false
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: Refuse an inventory that cannot be audited
  fleet_preflight:
'''

RETURN = r'''
msg:
  description: How many hosts can be audited, or each fault with its hosts.
  returned: always
  type: str
  sample: 12 host(s) can be audited
hosts:
  description: Groups by host name.
  returned: when O(list_hosts) is true and the inventory can be audited
  type: dict
  sample: {web01: [web, centos7]}
'''
