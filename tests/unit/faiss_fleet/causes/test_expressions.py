# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Expressions are compiled when they are used, and find what they are to find."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from faiss_fleet.causes.expressions import Expression, Forms

ROOT = Path(__file__).resolve().parents[4]


def test_one_is_compiled_when_it_is_first_used(monkeypatch):
    form = Expression('(a+)b')
    monkeypatch.setattr(re, 'compile', pytest.fail)
    assert form.pattern == '(a+)b'
    monkeypatch.undo()
    assert form.search('xaab').group(1) == 'aa' and form.match('xaab') is None
    monkeypatch.setattr(re, 'compile', pytest.fail)
    assert form.match('aab').end() == 3 and form.fullmatch('aabx') is None
    assert (form.findall('ab aab'), form.sub('-', 'xaab')) == (['a', 'aa'], 'x-')


def test_what_no_expression_has_is_an_error():
    assert not hasattr(Expression('a'), 'nothing')


def test_what_a_line_begins_with_is_found_there_alone():
    forms = Forms('error|fatal', ': oops$')
    assert forms.found('error x') and forms.found('fatal') and forms.found('a: oops')
    assert not forms.found('an error') and not forms.found(': oops!')


def test_importing_the_diagnosis_compiles_few():
    script = (
        'import re; before = set(re._cache) if hasattr(re, "_cache") else set();'
        'from faiss_fleet.causes import evidence; print(len(re._cache) - len(before))'
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 15  # those of tables of remedies
