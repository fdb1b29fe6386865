# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet import read_json
from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.prefix import failures, installed, manifest
from ansible.module_utils.faiss_fleet.search.frames import MARKER, Frames

DEEP = u'[' * 100000


def test_brackets_nested_too_deep_are_a_value_error_like_every_other_fault():
    for text in (DEEP, u'{', u''):
        with pytest.raises(ValueError):
            read_json.loads(text)


@pytest.mark.parametrize('parse', [manifest.parse_manifest, manifest.parse_files])
def test_a_nested_manifest_is_a_damaged_one(parse):
    with pytest.raises(AuditError) as told:
        parse(DEEP, '/opt/x')
    assert told.value.cause == 'corrupt_artefact'


def test_a_nested_note_or_answer_is_none():
    assert failures.parse(DEEP) is None
    assert installed.judge('0123456789abcdef', DEEP) == (False, 'Its manifest.json is no JSON.')
    frames = Frames('nonce')
    frames.feed((u'%s nonce %s\n' % (MARKER, DEEP)).encode('ascii'))
    assert frames.stage is None and frames.garbage_bytes > 100000
