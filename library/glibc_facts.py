#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks a host, once, everything that decides which FAISS it can run."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.facts import gather as facts
from ansible.module_utils.faiss_fleet.host import Host

ARGUMENT_SPEC = {
    'prefix': {'type': 'path', 'default': '/opt/faiss-fleet'},
    'setting': {'type': 'path', 'default': '/etc/faiss-fleet/backend.json'},
    'interpreters': {'type': 'list', 'elements': 'path', 'default': []},
    'search_paths': {'type': 'list', 'elements': 'path', 'default': []},
    'timeout': {'type': 'int', 'default': 5},
}


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    host = Host(timeout=module.params['timeout'])
    module.exit_json(changed=False, ansible_facts={'glibc_facts': facts.gather(host, module.params)})


if __name__ == '__main__':
    main()
