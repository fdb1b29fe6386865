# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
import time

import pytest

from faiss_fleet.redact import LONGEST_WORD, head, redact, tail


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param(
            "https://me:s3cret@pypi.example/simple", "https://****@pypi.example/simple", id="user and password"
        ),
        pytest.param("https://tok-123@pypi.example/simple", "https://****@pypi.example/simple", id="token alone"),
        pytest.param("https://me:p@ss:w@pypi.example/x", "https://****@pypi.example/x", id="@ inside the password"),
        pytest.param("a https://u:p@h/x b http://v:q@i/y", "a https://****@h/x b http://****@i/y", id="two in a line"),
        pytest.param("git+https://u:p@h/r.git", "git+https://****@h/r.git", id="version control scheme"),
        pytest.param("https://h/x.whl?token=abc&a=1", "https://h/x.whl?token=****&a=1", id="query"),
        pytest.param("https://h/x?X-Amz-Signature=9f&b=2", "https://h/x?X-Amz-Signature=****&b=2", id="signed URL"),
        pytest.param("https://h/t/tk-1-2/ch/linux-64", "https://h/t/****/ch/linux-64", id="token of a conda channel"),
        pytest.param("Authorization: Basic bWU6cw==", "Authorization: Basic ****", id="header"),
        pytest.param("NPM_TOKEN=abcdef next", "NPM_TOKEN=**** next", id="environment"),
        pytest.param('"password": "hunter2"', '"password": "****"', id="json"),
        pytest.param('"password": "two words", "a": 1', '"password": "****", "a": 1', id="a blank inside the quotes"),
        pytest.param("token: 'it\"s one' x", "token: '****' x", id="the other quote inside the quotes"),
        pytest.param("see https://me:hun", "see https://****", id="cut before the @"),
        pytest.param("postgresql://me:hun\n[...", "postgresql://****\n[...", id="cut at the end of a line"),
        pytest.param("'https://me:1234567", "'https://****", id="cut digits that are no port"),
    ],
)
def test_secret_is_hidden(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://pypi.example/simple/faiss-cpu/",
        "https://h/faiss_cpu-1.9.0.post1-cp313-cp313-manylinux_2_17_x86_64.whl#sha256=74d8",
        "user@host.example",
        "http://proxy:3128 and http://127.0.0.1:9/simple, http://[::1]:8080/x, https://h:443.",
        "http://10.0.0.1:8080: Connection refused",
        "docker://debian:bookworm",
        "Failed to import SyntaxError: invalid token at line 3",
        "/lib64/libm.so.6: version `GLIBC_2.27' not found (required by /opt/x@y/libfaiss.so)",
    ],
)
def test_other_text_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", ["a.", "a-", "a", "?a", "://", "x://", "token", "token ", "authorization:", "a://b/t"])
def test_a_long_text_takes_no_longer_for_what_is_in_it(text):
    began = time.process_time()
    redact(text * 20_000 + "=")
    assert time.process_time() - began < 2


def test_no_word_is_cut_where_a_text_is():
    text = "x" * 90 + " https://me:hunter2@h/ " + "y" * 90
    for size in range(len(text)):
        assert "hun" not in redact(head(text, size)) and "ter2" not in redact(tail(text, size))
    header = "x" * 90 + "\nAuthorization: Basic bWU6cw==\n" + "y" * 400
    for size in range(1, len(header)):
        assert "bWU6cw" not in redact(tail(header, size))
    assert head("one two", 6) == "one" and tail("one two", 6) == "two"
    assert head("short", 9) == tail("short", 9) == "short"
    assert len(head("z" * 3 * LONGEST_WORD, 9000)) == len(tail("z" * 3 * LONGEST_WORD, 9000)) == 9000
