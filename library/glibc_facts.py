#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Asks a host, once, everything that decides which FAISS it can run."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
---
module: glibc_facts
short_description: Read what decides which FAISS a host can run
description:
  - Reads the C library, the C++ and OpenMP runtimes, the CPU, Pythons, Nodes, condas, container engines, compilers,
    file systems, SELinux, FAISS builds and this project's own prefixes, in one task and without changing anything.
  - What could not be read is named under C(gaps) with the reason; nothing is guessed.
  - A host without a Python that Ansible can use is probed by a POSIX shell script instead; the facts have the same
    shape, and C(method) is V(raw).
options:
  prefix:
    description: Directory under which this project installs. Its file system is examined and its contents are listed.
    type: path
    default: /opt/faiss-fleet
  setting:
    description: The application's configuration file. The file system of its directory is examined.
    type: path
    default: /etc/faiss-fleet/backend.json
  interpreters:
    description: Pythons to examine besides those that are found. They are started even when they are scripts.
    type: list
    elements: path
    default: []
  search_paths:
    description:
      - Directories, or patterns of directories such as V(/srv/*/bin), to look for Pythons and Nodes in, before all
        others.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds that any one command on the host may take.
    type: int
    default: 5
author:
  - the faiss-fleet authors (@faiss-fleet)
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: Changes nothing, so there is no difference to show.
'''

EXAMPLES = r'''
- name: Read what decides which FAISS this host can run
  glibc_facts:

- name: Look at an application's own Python and into a directory of Nodes as well
  glibc_facts:
    interpreters: [/srv/app/venv/bin/python]
    search_paths: [/srv/node-*/bin]
'''

RETURN = r'''
ansible_facts:
  description: The facts, under one name.
  returned: always
  type: dict
  contains:
    glibc_facts:
      description: What C($defs/facts) in reports/host-record.schema.json describes.
      returned: always
      type: dict
      contains:
        method:
          description: Who answered, V(module) or V(raw).
          returned: always
          type: str
          sample: module
        gaps:
          description: What could not be read, each with its reason.
          returned: always
          type: list
          sample: []
        seconds:
          description: CPU seconds used on the host by the module and what it started.
          returned: when method is module
          type: float
          sample: 0.21
        libc:
          description: The C library, with every witness's answer.
          returned: always
          type: dict
          sample: {family: glibc, version: "2.17", method: loader, disagreement: null}
        libstdcxx:
          description: The C++ runtime and the newest versions it defines. The same shape holds for libgomp and libgcc.
          returned: always
          type: dict
          sample: {path: /lib64/libstdc++.so.6, versions: {GLIBCXX: 3.4.19, CXXABI: 1.3.7}, error: null}
        cpu:
          description: Model, number of processors, x86-64 level and flags.
          returned: always
          type: dict
          sample: {isa_level: x86-64-v3, count: 8}
        pythons:
          description: Every Python found, each binary and each virtual environment once.
          returned: always
          type: list
          sample: [{path: /usr/bin/python3.6, version: 3.6.8, tag: cp36}]
'''

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
