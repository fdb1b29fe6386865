# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible.module_utils.faiss_fleet import child_process
from ansible.module_utils.faiss_fleet.prefix import contents, on_host


def test_the_log_has_the_command_and_what_it_printed_without_secrets(tmpdir):
    log = child_process.Tail(on_host.LOG_LIMIT)
    argv = ['/bin/sh', '-c', 'echo made; echo a secret >&2; exit 3']
    outcome, text = on_host.run(argv, {'PATH': on_host.SYSTEM_PATH}, str(tmpdir), 30, log,
                                lambda said: said.replace(u'a secret', u'****'))
    assert (outcome.exit_code, text) == (3, u'made\n****\n')
    assert log.text().startswith(u'$ /bin/sh -c ') and log.text().endswith(u'made\n****\n')
    failed = on_host.failure('conda', outcome, text, 'unknown', 'Read it.')
    assert str(failed) == 'conda ended with status 3: made\n****' and failed.said == text


def test_what_was_made_is_listed_and_readable_to_all(tmpdir):
    os.chmod(str(tmpdir.ensure('bin/python')), 0o700)
    tmpdir.join('data').write('x')
    os.chmod(str(tmpdir.join('data')), 0o600)
    os.symlink('data', str(tmpdir.join('link')))
    manifest = {'schema': 1, 'strategy': 'node', 'digest': 'a' * 16, 'lock': {}, 'files': 0, 'unpacked_bytes': 0}
    on_host.finish(str(tmpdir), manifest)
    assert sorted(contents.read(str(tmpdir))) == ['bin/python', 'data', 'link']
    assert contents.damage(str(tmpdir), hashes=True) is None
    modes = [os.stat(str(tmpdir.join(name))).st_mode & 0o777 for name in ('bin', 'bin/python', 'data')]
    assert modes == [0o755, 0o755, 0o644]


def test_a_file_that_is_linked_to_a_cache_is_not_written_through(tmpdir):
    tmpdir.join('cached').write('theirs')
    os.link(str(tmpdir.join('cached')), str(tmpdir.join('made')))
    on_host.write(str(tmpdir.join('made')), u'ours')
    assert (tmpdir.join('cached').read(), tmpdir.join('made').read()) == ('theirs', 'ours')
