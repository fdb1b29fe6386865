# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Names the host's operating system from os-release, or from the older centos-release."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from .. import commands

RELEASES = ('/etc/os-release', '/usr/lib/os-release')
OLD_RELEASES = ('/etc/centos-release', '/etc/redhat-release')
MOST_BYTES = 65536
MOST_VALUE = 1000
BOM = commands.native(b'\xef\xbb\xbf')
# ids of os-release for the first words of the older file
OLD_IDS = {'red': 'rhel', 'oracle': 'ol'}


def parse(text):
    """{"ID": "centos", ...} of a text of os-release: quotes and comments removed, nothing expanded."""
    found = {}
    if text.startswith(BOM):
        text = text[len(BOM):]
    for line in text.splitlines():
        name, separator, value = line.strip().partition('=')
        if separator and re.match(r'[A-Za-z_][A-Za-z0-9_]*\Z', name):
            found[name] = _value(value.strip())[:MOST_VALUE]
    return found


def _value(text):
    """The value of an assignment, as sh reads it but that blanks need no quotes: some vendors forget them."""
    if text[:1] == "'":
        return text[1:].partition("'")[0]
    if text[:1] == '"':
        # Either an escaped character or one that is not a quote: each is looked at once.
        text = re.match(r'(?:\\.|[^"\\])*', text[1:]).group(0)
    else:
        text = '' if text[:1] == '#' else re.split(r'\s#', text, maxsplit=1)[0].rstrip()
    return re.sub(r'\\(.)', r'\1', text)


def parse_old(text):
    """The record's "os" of 'CentOS release 6.10 (Final)', from before os-release."""
    line = (text[len(BOM):] if text.startswith(BOM) else text).strip().split('\n')[0].strip()[:MOST_VALUE]
    version = re.search(r'([0-9]{1,9}(?:\.[0-9]{1,9}){0,5})', line)
    first = line.split(' ')[0].lower()
    return {'id': OLD_IDS.get(first, first) or None, 'version': version.group(1) if version else None,
            'name': line or None}


def operating_system(release, older=None):
    """The record's "os" of the text of os-release (None when absent) and that of centos-release.

    What os-release does not tell is taken from the other, so that an empty file hides nothing.
    """
    said = parse(release or '')
    found = {'id': said.get('ID', '').lower() or None, 'version': said.get('VERSION_ID') or None,
             'name': said.get('PRETTY_NAME') or said.get('NAME') or None}
    if said.get('ID_LIKE'):
        found['id_like'] = said['ID_LIKE'].lower()
    if not older:
        return found
    old = parse_old(older)
    if found['id'] in (None, old['id']):
        if found['version'] and old['version'] and old['version'].startswith(found['version'] + '.'):
            # CentOS 7's os-release says 7, its centos-release 7.9.2009.
            found['release'] = old['version']
        for key in ('id', 'version', 'name'):
            found[key] = found[key] or old[key]
    return found


def describe(host):
    """The record's "os" of a host; a gap where neither file names one."""
    texts = [host.text_or_none(path, MOST_BYTES) for path in RELEASES]
    # The second is what the first usually links to; it counts where somebody emptied the first.
    release = next((text for text in texts if text and parse(text).get('ID')), None)
    older = next((text for text in (host.text_or_none(path, MOST_BYTES) for path in OLD_RELEASES)
                  if text and text.strip()), None)
    found = operating_system(release or next((text for text in texts if text), None), older)
    if found['id'] is None:
        host.gap('os', 'None of %s names the operating system.' % ', '.join(RELEASES + OLD_RELEASES))
    return found
