#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
---
module: faiss_node_build
short_description: Builds faiss-node with the host's own compiler, into a prefix
description:
  - Unpacks the sources that the controller shipped, has the host's cmake and compiler build them beside the prefix, and
    renames what came out into its place. So a prefix is whole or absent, and a build that ended early leaves nothing.
  - Nothing is fetched, and nothing is written outside of the prefix's parent directory. Needs Python 2.7 or 3.6 and
    newer.
  - The module C(faiss_deploy) takes the prefix away again.
options:
  prefix:
    description: Absolute path of the prefix, ending in the digest of the lock, as the archive's manifest has it.
    type: str
    required: true
  archive:
    description: The C(.tar.gz) of sources on the host. Needed unless the prefix is in place already.
    type: str
  sha256:
    description: sha256 of the archive. Needed together with O(archive).
    type: str
  cmake:
    description: Path of cmake 3.17 or newer. By default the one on PATH.
    type: str
    default: ''
  compiler:
    description:
      - Path of the C++ compiler. By default C(g++) on PATH.
      - One of a devtoolset under C(/opt/rh) is run with that devtoolset's own directories in front.
    type: str
    default: ''
  flags:
    description: Compiler flags for every file.
    type: str
    default: -O2
  jobs:
    description: Files to compile at once. 0 means one for each processor, as far as the memory goes.
    type: int
    default: 0
  timeout:
    description: Seconds after which the build is ended.
    type: int
    default: 1800
  min_free_bytes:
    description: What must be free before anything is written.
    type: int
    default: 0
  lock_timeout:
    description: Seconds to wait for another run that works on the same prefix. 0 means as long as a build may take.
    type: int
    default: 0
author:
  - The faiss-fleet authors
'''

EXAMPLES = r'''
- name: Build with the newest devtoolset
  faiss_node_build:
    prefix: /opt/faiss-fleet/node/3f2a9c0e71d24b58
    archive: /var/tmp/3f2a9c0e71d24b58.tar.gz
    sha256: 0a64c46d33e3c1f5e14e1a2b9c6a9f0de6cb9f3a3a3f5bb4f2fae9a6f64c2c11
    cmake: /usr/bin/cmake3
    compiler: /opt/rh/devtoolset-11/root/usr/bin/g++
    timeout: 900
'''

RETURN = r'''
prefix:
  description: The prefix, without doubled or trailing slashes.
  returned: always
  type: str
  sample: /opt/faiss-fleet/node/3f2a9c0e71d24b58
bytes:
  description: Size of the files in the prefix.
  returned: success
  type: int
  sample: 9437184
seconds:
  description: Wall time of the module.
  returned: always
  type: float
  sample: 141.7
because:
  description: Why something changes or not.
  returned: success
  type: str
  sample: it was not there
leftovers:
  description: Half-built directories of killed runs that were removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/faiss-fleet/node/3f2a9c0e71d24b58.partial-812]
selinux:
  description: Whether the files got the context of the host's policy.
  returned: when a prefix was put in place
  type: str
  sample: restored
log:
  description: What cmake and the compiler said, whole as far as a megabyte goes. The prefix keeps it as C(build.log).
  returned: when a build was begun
  type: str
  sample: "-- The CXX compiler identification is GNU 11.2.1"
cause:
  description: Cause of a failure, of the closed list.
  returned: failure
  type: str
  sample: blas_missing
remedy:
  description: The next step after a failure.
  returned: failure
  type: str
  sample: Install CMake 3.17 or newer on the host, or set faiss_install__node_build to controller.
'''

import io
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import node_build, install as prefix_place, on_host

ARGUMENT_SPEC = dict(
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    cmake=dict(type='str', default=''),
    compiler=dict(type='str', default=''),
    flags=dict(type='str', default='-O2'),
    jobs=dict(type='int', default=0),
    timeout=dict(type='int', default=1800),
    min_free_bytes=dict(type='int', default=0),
    lock_timeout=dict(type='int', default=0),
)


def meminfo():
    """Its text; empty where there is none, which then limits nothing."""
    try:
        with io.open('/proc/meminfo', encoding='utf-8') as handle:
            return handle.read()
    except (IOError, OSError):
        return u''


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    log = child_process.Tail(on_host.LOG_LIMIT)

    def build(params):
        params['lock_timeout'] = params['lock_timeout'] or params['timeout']

        def fill(partial, handle):
            return node_build.fill(partial, handle, params, module.get_bin_path, log, meminfo(),
                                   os.sysconf('SC_NPROCESSORS_ONLN'))

        return prefix_place.present(params, module.check_mode, fill)

    prefix_place.answer(module, build, log)


if __name__ == '__main__':
    main()
