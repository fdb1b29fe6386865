# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Judges whether the user of the application can read a backend configuration and start what it names."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import stat
from collections import namedtuple

from .. import trust
from ..errors import AuditError

READ, ENTER, OPEN = 4, 1, 5
# A file as it will be.
Status = namedtuple('Status', 'st_mode st_uid st_gid')


def reader(user, wish, euid=os.geteuid):
    """The trust.Reader who will use it; None where the options say that it is this user's own affair.

    A user who is named comes first, then the owner and the group that the files were wished to have. Without any of
    these root installs for everybody, and another user for itself. Raises AuditError for a user who is not known.
    """
    name = user or (str(wish.uid) if wish.uid is not None else None)
    if name:
        try:
            return trust.reader(name)
        except KeyError:
            if not user:
                return trust.Reader('user id %s' % name, wish.uid, frozenset())
            remedy = 'Create %s on the host, or name another in vector_backend__user.' % user
            raise AuditError('vector_backend__user is %r, which this host does not know. %s' % (str(user), remedy),
                             cause='unknown', remedy=remedy)
    if wish.gid is not None:
        return trust.Reader('the group %s' % trust.group_name(wish.gid), None, frozenset([wish.gid]))
    if euid() != 0 or (wish.mode is not None and not wish.mode & 0o004):
        return None
    return trust.ANYBODY


def check(plan, who, euid=os.geteuid, egid=os.getegid):
    """Raises AuditError when this user could not read what the plan writes, or not start what it points at."""
    after = plan.after
    if who is None or after is None or after.get('backend') != 'faiss':
        return
    directory = trust.closed(plan.place.directory, who, ENTER)
    if directory:
        raise _refused(who, directory, plan.place.path)
    for name in plan.place.names:
        planned = plan.wanted[name]
        status = Status(stat.S_IFREG | planned.mode, euid() if planned.uid is None else planned.uid,
                        egid() if planned.gid is None else planned.gid)
        if not trust.allows(status, who, READ):
            path = plan.place.files[name]
            raise _refused(who, (path, 'has mode %04o' % planned.mode), path,
                           "Set vector_backend__mode to '0644', or name who reads it in vector_backend__owner, "
                           'vector_backend__group or vector_backend__user.')
    runtime = after.get('runtime') or {}
    for path, bits in _paths(runtime):
        found = trust.closed(path, who, bits)
        if found:
            raise _refused(who, found, path)


def _paths(runtime):
    """(path, what is needed of it) of what the runtime starts and loads."""
    found = [(runtime['argv'][0], ENTER)] if runtime.get('argv') else []
    if runtime.get('prefix'):
        found.append((runtime['prefix'], OPEN))
    env = runtime.get('env') or {}
    for name in ('PYTHONPATH', 'NODE_PATH'):
        found += [(path, OPEN) for path in (env.get(name) or '').split(':') if path.startswith('/')]
    return found


def _refused(who, found, path, remedy=None):
    place, why = found
    remedy = remedy or ('Open it (chmod a+rx %s), or name the user of the application in vector_backend__user.' % place)
    return AuditError('%s cannot be used by %s: %s %s. Nothing was changed. %s' % (path, who.name, place, why, remedy),
                      cause='permission_denied', remedy=remedy)
