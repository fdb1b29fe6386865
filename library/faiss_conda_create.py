#!/usr/bin/python
# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r'''
---
module: faiss_conda_create
short_description: Has the host's own conda create a prefix from a lock
description:
  - Unpacks what the controller shipped (the lock, and offline the packages too) and has the host's conda, mamba or
    micromamba create the environment at its place. It counts as a prefix once its manifest is written, last of all;
    what ended early is thrown away by the next run.
  - Home, settings, package cache and lists of environments are directories beside the prefix, which go when it ends.
    The base environment is read by its own conda and not written to.
  - Every package is compared with the sha256 of the lock. Needs Python 2.7 or 3.6 and newer.
  - The module C(faiss_deploy) takes the prefix away again.
options:
  prefix:
    description: Absolute path of the prefix, ending in the digest of the lock, as the archive's manifest has it.
    type: str
    required: true
  archive:
    description: The C(.tar.gz) with lock and packages on the host. Needed unless the prefix is in place already.
    type: str
  sha256:
    description: sha256 of the archive. Needed together with O(archive).
    type: str
  conda:
    description: Absolute path of the program.
    type: str
    required: true
  kind:
    description: Which of the three it is.
    type: str
    choices: [conda, mamba, micromamba]
    default: conda
  mode:
    description: With C(offline) the packages were shipped; with C(online) the host fetches them from their channels.
    type: str
    choices: [offline, online]
    default: offline
  secrets:
    description: For C(online), addresses with a user, password or token by the public address that the lock has.
    type: dict
    default: {}
  timeout:
    description: Seconds after which conda is ended.
    type: int
    default: 1800
  min_free_bytes:
    description: What must be free before anything is written.
    type: int
    default: 0
  lock_timeout:
    description: Seconds to wait for another run that works on the same prefix. 0 means as long as conda may take.
    type: int
    default: 0
author:
  - The faiss-fleet authors
'''

EXAMPLES = r'''
- name: Create the environment without a network
  faiss_conda_create:
    prefix: /opt/faiss-fleet/conda/3f2a9c0e71d24b58
    archive: /var/tmp/3f2a9c0e71d24b58.tar.gz
    sha256: 0a64c46d33e3c1f5e14e1a2b9c6a9f0de6cb9f3a3a3f5bb4f2fae9a6f64c2c11
    conda: /opt/miniconda3/bin/conda
    mode: offline
'''

RETURN = r'''
prefix:
  description: The prefix, without doubled or trailing slashes.
  returned: always
  type: str
  sample: /opt/faiss-fleet/conda/3f2a9c0e71d24b58
bytes:
  description: Size of the files in the prefix.
  returned: success
  type: int
  sample: 214958080
seconds:
  description: Wall time of the module.
  returned: always
  type: float
  sample: 9.2
because:
  description: Why something changes or not.
  returned: success
  type: str
  sample: it was not there
leftovers:
  description: Directories of killed runs that were removed.
  returned: success
  type: list
  elements: str
  sample: [/opt/faiss-fleet/conda/3f2a9c0e71d24b58.partial-812-work]
selinux:
  description: Whether the files got the context of the host's policy.
  returned: when a prefix was put in place
  type: str
  sample: restored
log:
  description: What conda said, whole as far as a megabyte goes, without the secrets of channels.
  returned: when conda was started
  type: str
  sample: "Executing transaction: ...working... done"
cause:
  description: Cause of a failure, of the closed list.
  returned: failure
  type: str
  sample: conda_network
remedy:
  description: The next step after a failure.
  returned: failure
  type: str
  sample: Find out who changed the package or its mirror.
'''

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import conda_create, install as prefix_place, on_host

ARGUMENT_SPEC = dict(
    prefix=dict(type='str', required=True),
    archive=dict(type='str'),
    sha256=dict(type='str'),
    conda=dict(type='str', required=True),
    kind=dict(type='str', choices=['conda', 'mamba', 'micromamba'], default='conda'),
    mode=dict(type='str', choices=['offline', 'online'], default='offline'),
    secrets=dict(type='dict', default={}, no_log=True),
    timeout=dict(type='int', default=1800),
    min_free_bytes=dict(type='int', default=0),
    lock_timeout=dict(type='int', default=0),
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True,
                           required_together=[('archive', 'sha256')])
    log = child_process.Tail(on_host.LOG_LIMIT)

    def create(params):
        conda_create.check_trusted(params['conda'])
        params['lock_timeout'] = params['lock_timeout'] or params['timeout']
        return conda_create.present(params, module.check_mode,
                                    lambda partial, handle: conda_create.fill(partial, handle, params, log))

    prefix_place.answer(module, create, log)


if __name__ == '__main__':
    main()
