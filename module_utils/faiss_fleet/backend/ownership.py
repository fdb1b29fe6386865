# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What a setting's files take from the host's own tables: users, groups, SELinux contexts."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import grp
import os
import pwd

from ..errors import AuditError
from .write import Wish


class Labels:
    """SELinux contexts by AnsibleModule's own means, which know libselinux on both Pythons."""

    def __init__(self, module):
        self._module = module

    def of(self, path):
        """The context a file has, or the one the policy has for it when it is new; None without SELinux."""
        if not self._module.selinux_enabled():
            return None
        look = self._module.selinux_context if os.path.lexists(path) else self._module.selinux_default_context
        context = look(path)                    # [user, role, type, level], or all None where it is not known
        return context if context and context[0] is not None else None

    def put(self, path, context):
        self._module.set_context_if_different(path, context, False)


def _number(value, what, lookup):
    if value is None:
        return None
    if value.isdigit():
        return int(value)
    try:
        return lookup(value)
    except KeyError:
        remedy = 'Create %s on the host, or name another.' % value
        raise AuditError('vector_backend__%s is %r, which this host does not know. %s' % (what, str(value), remedy),
                         cause='unknown', remedy=remedy)


def wish(mode, owner, group):
    """The Wish that these options make. Raises AuditError for one that cannot be."""
    bits = None
    if mode is not None:
        try:
            bits = int(mode, 8)
        except ValueError:
            bits = -1
        if not 0 <= bits <= 0o777 or not bits & 0o400:
            raise AuditError('vector_backend__mode is %r. Write it as octal text that lets the owner read and has no '
                             "special bits, such as '0644'." % str(mode), remedy="Write it as octal text: '0644'.")
    return Wish(bits, _number(owner, 'owner', lambda name: pwd.getpwnam(name).pw_uid),
                _number(group, 'group', lambda name: grp.getgrnam(name).gr_gid))
