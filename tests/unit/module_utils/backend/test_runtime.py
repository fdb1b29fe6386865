# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import json
import os

import pytest

from ansible.module_utils.faiss_fleet.errors import AuditError
from ansible.module_utils.faiss_fleet.backend.runtime import named_runtime

RUNTIME = {'kind': 'python', 'argv': ['/usr/bin/python3'], 'env': {}, 'prefix': None}


def written(tmpdir, text):
    path = tmpdir.join('backend.json')
    path.write(text)
    return str(path)


def test_the_runtime_is_what_the_setting_names(tmpdir):
    path = written(tmpdir, json.dumps({'schema': 1, 'backend': 'faiss', 'candidate': 'c', 'runtime': RUNTIME}))
    assert named_runtime(path) == {'found': True, 'backend': 'faiss', 'candidate': 'c', 'runtime': RUNTIME}


def test_no_setting_is_an_answer(tmpdir):
    assert named_runtime(str(tmpdir.join('none.json')))['found'] is False
    assert named_runtime(written(tmpdir, '{}') + '/below/a/file')['found'] is False


def test_the_fallback_needs_no_runtime(tmpdir):
    found = named_runtime(written(tmpdir, '{"schema": 1, "backend": "js", "candidate": "js", "runtime": null}'))
    assert (found['found'], found['backend'], found['runtime']) == (True, 'js', None)


@pytest.mark.parametrize('text, words', [
    pytest.param('{"schema": 1', 'it is not JSON', id='cut short'),
    pytest.param('', 'it is not JSON', id='empty'),
    pytest.param('[]', 'not an object', id='a list'),
    pytest.param('{"schema": 2}', 'its schema is 2', id='a later schema'),
    pytest.param('{"schema": 1, "backend": "faiss", "runtime": "python"}', 'its runtime is not an object', id='text'),
    pytest.param('{"schema": 1, "backend": "faiss", "runtime": {"kind": "python", "argv": [1]}}',
                 'its runtime has no argv', id='argv of numbers'),
    pytest.param('{"schema": 1, "backend": "faiss", "runtime": {"kind": "python", "argv": ["p"], "env": {"A": 1}}}',
                 'the env of its runtime', id='env'),
    pytest.param('{"schema": 1, "backend": "faiss", "runtime": {"argv": ["p"], "env": {}}}', 'its runtime has no kind',
                 id='no kind'),
])
def test_a_setting_that_cannot_be_used_is_an_error_with_a_remedy(tmpdir, text, words):
    with pytest.raises(AuditError) as caught:
        named_runtime(written(tmpdir, text))
    assert words in str(caught.value) and 'audit.yml' in str(caught.value)


@pytest.mark.parametrize('kind', ['pipe', 'large'])
def test_what_is_no_small_regular_file_is_not_read(tmpdir, kind):
    path = str(tmpdir.join('backend.json'))
    if kind == 'pipe':
        os.mkfifo(path)
    else:
        with open(path, 'wb') as handle:
            handle.truncate(1 << 30)
    with pytest.raises(AuditError) as caught:
        named_runtime(path)
    assert 'no regular file of at most 1048576 bytes' in str(caught.value)


def test_a_folder_in_its_place_is_an_error(tmpdir):
    with pytest.raises(AuditError):
        named_runtime(str(tmpdir))
