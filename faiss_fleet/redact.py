# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Takes secrets out of text that goes into a message, a log or a record."""

from __future__ import annotations

import re

HIDDEN = "****"
SECRET_NAME = re.compile(r"pass(word|wd|phrase)?$|secret|token|api_?key|private_?key|credential", re.IGNORECASE)

# No pattern begins with a run of letters of any length: in a text of nothing else it would be tried at each.
# user:token@ and token@ in front of a host. The password may itself hold '@' or ':'; a blank or a quote ends the URL.
USERINFO = re.compile(r"(?P<scheme>[a-zA-Z0-9+.-]://)(?P<userinfo>[^\s/?#'\"<>]*)@")
# https://host/t/<token>/channel, as conda channels have it.
CONDA_TOKEN = re.compile(r"(?P<before>://[^\s/?#'\"<>]+/t/)[^\s/?#'\"<>]+")
# ?token=..., &X-Amz-Signature=..., and the same names in a log line or an environment: PASSWORD=..., api_key: ...
NAMES = r"(?:token|key|secret|password|passwd|pwd|signature|sig)"
PARAMETER = re.compile(rf"(?P<name>[?&;][\w.-]*?{NAMES}=)[^\s&;#'\"<>]+", re.IGNORECASE)
ASSIGNMENT = re.compile(
    r"(?P<name>(?:token|secret|passw(?:or)?d|api[_-]?key)[\"']?\s*[=:]\s*)(?P<quote>[\"']?)(?P<value>[^\s\"'&,;]+)",
    re.IGNORECASE,
)
# An Authorization header as curl -v, pip -vvv and npm print it.
HEADER = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)[^\s\"']+", re.IGNORECASE
)


def secret_name(name: str) -> bool:
    """Whether what has this name is taken for a secret, whatever its value."""
    return SECRET_NAME.search(name) is not None


def redact(text: str) -> str:
    """The same text with user information of URLs, tokens, passwords and authorization headers hidden."""
    text = USERINFO.sub(lambda m: m["scheme"] + HIDDEN + "@", text)
    text = CONDA_TOKEN.sub(lambda m: m["before"] + HIDDEN, text)
    text = PARAMETER.sub(lambda m: m["name"] + HIDDEN, text)
    text = HEADER.sub(lambda m: m["name"] + HIDDEN, text)
    return ASSIGNMENT.sub(lambda m: m["name"] + m["quote"] + HIDDEN, text)
