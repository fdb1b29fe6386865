# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_preflight.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_preflight
short_description: Refuses an inventory that cannot be audited, before any host is touched
description:
  - Looks at the variables of every host of the play, once for all of them, on the controller alone.
options: {}
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: Refuse an inventory that cannot be audited
  fleet_preflight:
'''

RETURN = r'''
faults:
  description: Hosts by fault, each fault a sentence with its remedy.
  returned: when there are any
  type: dict
'''
