#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Tells what shared objects on a host need of it, and whether it has that."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
---
module: elf_needs_info
short_description: Tell which symbol versions shared objects need, and whether the host has them
description:
  - Reads shared objects on the host, and the libraries shipped beside them that they find by their own search path.
  - Looks up what they need beyond that where the host's loader would, and names which file needs which version of which
    library that this host lacks, before anything is loaded.
  - Nothing is started and nothing is changed.
options:
  paths:
    description: Shared objects or executables, or folders to look for shared objects in.
    type: list
    elements: path
    required: true
  provides:
    description:
      - What to judge against instead of this host, by prefix of symbol versions, with C(arch) and C(libraries) as
        further keys. Versions are quoted, as YAML takes 2.30 for 2.3.
      - What is not named is unknown, and of what is unknown nothing is said.
    type: dict
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
- name: Ask whether the FAISS that was copied here can be loaded
  elf_needs_info:
    paths: [/srv/app/venv/lib/python3.9/site-packages/faiss]
  register: needs

- name: Ask whether an addon would load on a stock CentOS 7
  elf_needs_info:
    paths: [/srv/app/node_modules/faiss-node/build/Release/faiss-node.node]
    provides: {GLIBC: "2.17", GLIBCXX: "3.4.19", CXXABI: "1.3.7", arch: x86_64}
'''

RETURN = r'''
verdict:
  description: V(possible) when nothing known stands in the way, else V(blocked).
  returned: success
  type: str
  sample: blocked
reasons:
  description: What stands in the way, the worst of each file and library.
  returned: success
  type: list
  sample:
    - check: glibc
      cause: glibc_too_old
      need: GLIBC_2.27
      have: "2.17"
      file: /srv/faiss/libfaiss.so
      library: libm.so.6
      symbols: [logf, powf]
      text: /srv/faiss/libfaiss.so needs GLIBC_2.27 of libm.so.6 (for logf, powf), this host has glibc 2.17
first_refusal:
  description: The reason that the loader itself would give, which is the first it comes upon and not the worst.
  returned: when the verdict is V(blocked)
  type: dict
needs:
  description: Every need in the loader's order. Without C(symbol_version) it is for the library alone.
  returned: success
  type: list
  sample: [{file: /srv/faiss/libfaiss.so, library: libm.so.6, symbol_version: GLIBC_2.27, symbols: [logf, powf]}]
provides:
  description: What it was judged against.
  returned: success
  type: dict
  sample: {GLIBC: "2.17", GLIBCXX: 3.4.19, CXXABI: 1.3.7, arch: x86_64, libc: glibc, libraries: null, absent: []}
bundled:
  description: Names of libraries that the files bring along.
  returned: success
  type: list
  sample: [libgomp-a34b3233.so.1.0.0]
'''

import io
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet.elf import reader as elf, chain as elf_chain, needs
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.host import Host
from ansible.module_utils.faiss_fleet.facts.shared_libraries import Finder

ARGUMENT_SPEC = {
    'paths': {'type': 'list', 'elements': 'path', 'required': True},
    'provides': {'type': 'dict'},
}


def begins_like_elf(path):
    with io.open(path, 'rb') as handle:
        return elf.is_elf(handle.read(4))


def provided_by_host(libraries, host, arch):
    """What the libraries of these names define on this host; those that its loader would not find are absent."""
    finder = Finder(host, arch, machine=needs.machine_of(arch))
    found, absent = [], []
    for soname in sorted(set(libraries) | set(['libc.so.6'])):
        path, file, error = finder.find(soname)
        if file:
            found.append(file)
        elif error:
            raise AuditError('%s Repair the library: everything that needs it fails.' % error)
        else:
            absent.append(soname)
    family = 'glibc' if 'libc.so.6' not in absent else 'musl' if host.glob('/lib/ld-musl-*.so.1') else None
    return dict(needs.provided_by(found), arch=arch, libc=family, libraries=None, absent=absent)


def unquoted(provides):
    """Keys whose version YAML has already read as a number."""
    return sorted(key for key, value in (provides or {}).items() if isinstance(value, (int, float)))


def examine(paths, provides, host, arch):
    """Everything the module returns."""
    starts = [path for given in paths for path in elf_chain.elf_files_of(given, begins_like_elf)]
    files = elf_chain.follow(starts)
    wanted, bundled = needs.of_files(files), needs.bundled(files)
    if provides is None:
        asked = set(need['library'] for need in wanted if need['library']) - set(bundled)
        provides = provided_by_host(asked, host, arch)
    reasons = needs.judge(wanted, provides, bundled)
    result = {'verdict': 'blocked' if reasons else 'possible', 'reasons': reasons, 'needs': wanted,
              'provides': provides, 'bundled': bundled}
    if reasons:
        result['first_refusal'] = needs.first_refusal(wanted, provides, bundled)
    return result


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if unquoted(module.params['provides']):
        module.fail_json(msg='Versions under `provides` have to be quoted, or 2.30 becomes 2.3: %s.'
                         % ', '.join(unquoted(module.params['provides'])))
    try:
        result = examine(module.params['paths'], module.params['provides'], Host(), os.uname()[4])
    except (AuditError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc), cause=getattr(exc, 'cause', None))
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
