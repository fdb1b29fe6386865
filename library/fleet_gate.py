# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/fleet_gate.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: fleet_gate
short_description: Fails the run when a host fell back to JavaScript and may not
description:
  - One call for all hosts of the play, none of them is touched. For plays with the strategy C(linear).
options:
  fail_on_fallback:
    description: For hosts whose own variables do not say C(fleet_report__fail_on_fallback).
    type: bool
    default: false
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: Fail when a host fell back
  fleet_gate:
    fail_on_fallback: true
'''

RETURN = r'''
hosts:
  description: Hosts that fell back and may not.
  returned: when the gate closes
  type: list
  sample: [web07]
waived:
  description: Hosts that fell back for a cause that C(fleet_report__waivers) accepts today.
  returned: when there are any
  type: list
  sample: [web08]
'''
