# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Reads SELinux's state from its file system and its configuration, without its Python bindings."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

MOUNTS = ('/sys/fs/selinux', '/selinux')
CONFIG = '/etc/selinux/config'


def parse_config(text):
    """{"SELINUX": "enforcing", "SELINUXTYPE": "targeted"}"""
    pairs = [line.split('#')[0].partition('=') for line in text.splitlines()]
    return dict((name.strip(), value.strip()) for name, found, value in pairs if found)


def describe(host):
    """The record's "selinux". disabled: configured on the host, but not running in its kernel."""
    config = host.text_or_none(CONFIG, 65536)
    policy = parse_config(config or '').get('SELINUXTYPE')
    for mount in MOUNTS:
        said = host.text_or_none(mount + '/enforce', 16)
        if said is not None:
            return {'status': {'1': 'enforcing', '0': 'permissive'}.get(said.strip()), 'policy': policy}
    return {'status': 'absent' if config is None else 'disabled', 'policy': policy}
