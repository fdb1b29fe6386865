# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
from __future__ import absolute_import, division, print_function

import pytest

from ansible.module_utils.faiss_fleet.search import frames as search_frames

IMPORT = b'faiss-fleet-answer word {"stage": "import", "found": {"faiss_version": "1.9.0"}}\n'
DONE = b'\nfaiss-fleet-answer word {"stage": "done"}\n'


def frames_of(*pieces):
    frames = search_frames.Frames('word')
    for piece in pieces:
        frames.feed(piece)
    frames.close()
    return frames


def test_answers_add_up():
    frames = frames_of(IMPORT, b'faiss-fleet-answer word {"stage": "recall", "index": "ivf", '
                               b'"found": {"known_answer": true}}\n')
    assert (frames.stage, frames.index) == ('recall', 'ivf')
    assert frames.found == {'faiss_version': '1.9.0', 'known_answer': True}
    assert frames.garbage_bytes == 0


def test_pieces_may_break_anywhere():
    data = IMPORT + DONE
    frames = frames_of(*[data[at:at + 1] for at in range(len(data))])
    assert (frames.stage, frames.found) == ('done', {'faiss_version': '1.9.0'})


@pytest.mark.parametrize('line', [
    pytest.param(b'hello\n', id='a greeting'),
    pytest.param(b'faiss-fleet-answer other {"stage": "done"}\n', id="another run's word"),
    pytest.param(b'faiss-fleet-answer word {"stage": "do\n', id='cut off'),
    pytest.param(b'faiss-fleet-answer word ["done"]\n', id='not an object'),
    pytest.param(b'faiss-fleet-answer word {"stage": 1}\n', id='no stage'),
    pytest.param(b'faiss-fleet-answer word \xff\xfe\n', id='not text'),
    pytest.param(b'faiss-fleet-answer word {"stage": "done"}', id='no end of line'),
])
def test_what_is_no_answer_is_garbage(line):
    frames = frames_of(line)
    assert frames.stage is None
    assert frames.garbage_bytes >= len(line.strip())


def test_garbage_around_answers_is_kept_and_harmless():
    frames = frames_of(b'Welcome to host7\nno newline here', DONE, b'bye')
    assert frames.stage == 'done'
    assert frames.garbage() == u'Welcome to host7\nno newline here\nbye\n'


def test_a_line_without_end_does_not_fill_the_memory():
    frames = search_frames.Frames('word')
    for _ in range(100):
        frames.feed(b'y' * 65536)
    assert len(frames._pending) <= search_frames.LONGEST_LINE
    frames.feed(b'\n' + DONE)
    frames.close()
    assert frames.stage == 'done'
    assert frames.garbage_bytes == 100 * 65536
    assert len(frames.garbage()) <= search_frames.GARBAGE_SHOWN


def test_a_flood_of_answers_ends_somewhere():
    frames = frames_of(IMPORT * (search_frames.MOST_FRAMES + 10))
    assert frames.garbage_bytes == 10 * (len(IMPORT) - 1)
