# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Documentation for ansible-doc; the work is done by plugins/action/faiss_install.py on the controller."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
module: faiss_install
short_description: Tries the ways to get FAISS onto a host until one passes the search test
description:
  - Plans on the controller from the host's facts which ways are possible and why others are not, then installs and
    tests one after another, each in a directory of its own, until the policy is content. A failed attempt is a result.
  - On a host where nothing has changed the only remote call is the search test. In check mode nothing is tried, and
    what is returned is a prediction.
options:
  strategies:
    description: What is tried, in this order, by name such as C(existing), C(wheel), C(conda), C(node).
    type: list
    elements: str
    required: true
  policy:
    description: C(first) stops at the first that passes, C(fastest) tries all, C(fixed) accepts only what is named.
    type: str
    choices: [first, fastest, fixed]
    required: true
  options:
    description: The variables of the role faiss_install without their C(faiss_install__).
    type: dict
    required: true
  search_test:
    description: Options of the module C(faiss_search_test).
    type: dict
  facts:
    description: What C(glibc_facts) read; the host's own facts without it.
    type: dict
author: [The faiss-fleet authors]
'''

EXAMPLES = r'''
- name: Install FAISS and test it
  faiss_install:
    strategies: [existing, wheel, conda, container, node]
    policy: first
    options:
      prefix: /opt/faiss-fleet
'''

RETURN = r'''
plan:
  description: Candidates in order, each possible or blocked with its reasons.
  returned: always
  type: list
attempts:
  description: What was installed, and how that ended.
  returned: always
  type: list
verification:
  description: Results of the search tests.
  returned: always
  type: list
'''
