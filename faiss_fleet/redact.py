# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Takes secrets out of text that goes into a message, a log or a record."""

from __future__ import annotations

import re

HIDDEN = "****"
SECRET_NAME = re.compile(r"pass(word|wd|phrase)?$|secret|token|api_?key|private_?key|credential", re.IGNORECASE)

# No pattern begins with a run of letters of any length: in a text of nothing else it would be tried at each.
# user:token@ and token@ in front of a host. The password may itself hold '@' or ':'; a blank or a quote ends the URL.
USERINFO = re.compile(r"(?P<scheme>[a-zA-Z0-9+.-]://)(?P<userinfo>[^\s/?#'\"<>]*)@")
# The same of a text that was cut before the '@'. Digits there are a port, also where a message goes on with a colon; a
# name in brackets is an address.
CUT_USERINFO = re.compile(
    r"(?P<scheme>\b(?:https?|ftps?|socks[45]h?|postgres(?:ql)?|ssh|git)://)[^\s/?#'\"<>@:\[\]]+:"
    r"(?!\d{1,5}:?(?![^\s'\"<>,;.)]))[^\s/?#'\"<>@]+(?=[\s'\"<>]|$)"
)
# https://host/t/<token>/channel, as conda channels have it.
CONDA_TOKEN = re.compile(r"(?P<before>://[^\s/?#'\"<>]+/t/)[^\s/?#'\"<>]+")
# ?token=..., &X-Amz-Signature=..., and the same names in a log line or an environment: PASSWORD=..., api_key: ...
NAMES = r"(?:token|key|secret|password|passwd|pwd|signature|sig)"
PARAMETER = re.compile(rf"(?P<name>[?&;][\w.-]*?{NAMES}=)[^\s&;#'\"<>]+", re.IGNORECASE)
ASSIGNMENT = re.compile(
    r"(?P<name>(?:token|secret|passw(?:or)?d|api[_-]?key)[\"']?\s*[=:]\s*)"
    r"(?:(?P<quote>\")[^\"\n]+|(?P<other>')[^'\n]+|[^\s\"'&,;]+)",
    re.IGNORECASE,
)
# An Authorization header as curl -v, pip -vvv and npm print it.
HEADER = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)[^\s\"']+", re.IGNORECASE
)


# Where a word ends in which a secret may be, and the longest such word.
EDGE = re.compile(r"[\s'\"<>]")
LONGEST_WORD = 4096


def head(text: str, size: int) -> str:
    """At most the first so many characters, no word cut in two: half a secret is not recognised as one."""
    if len(text) <= size:
        return text
    first = max(0, size - LONGEST_WORD)
    edges = [found.start() for found in EDGE.finditer(text, first, size)]
    return text[: edges[-1]] if edges else text[:size]


def tail(text: str, size: int) -> str:
    """At most the last so many characters, likewise, and from a whole line on where one begins in time.

    What tells a secret may be a word before it: ``Authorization: Basic ...``.
    """
    if len(text) <= size:
        return text
    start = len(text) - size
    line = text.find("\n", start, start + min(LONGEST_WORD, size // 2))
    if line >= 0:
        return text[line + 1 :]
    found = EDGE.search(text, start, start + LONGEST_WORD)
    return text[found.end() if found else start :]


def secret_name(name: str) -> bool:
    """Whether what has this name is taken for a secret, whatever its value."""
    return SECRET_NAME.search(name) is not None


def redact(text: str) -> str:
    """The same text with user information of URLs, tokens, passwords and authorization headers hidden."""
    text = USERINFO.sub(lambda m: m["scheme"] + HIDDEN + "@", text)
    text = CUT_USERINFO.sub(lambda m: m["scheme"] + HIDDEN, text)
    text = CONDA_TOKEN.sub(lambda m: m["before"] + HIDDEN, text)
    text = PARAMETER.sub(lambda m: m["name"] + HIDDEN, text)
    text = HEADER.sub(lambda m: m["name"] + HIDDEN, text)
    return ASSIGNMENT.sub(lambda m: m["name"] + (m["quote"] or m["other"] or "") + HIDDEN, text)
