# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Finds the words in a host's variables that must be in no record, wherever in them they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ..redact import secret_name
from . import report_inputs
from .report_inputs import Template

USERINFO = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")  # the password, which a program may print without its URL
SHORTEST = 4  # to mask a shorter word would garble the record and hide nothing


def long_enough(words: Iterable[str]) -> set[str]:
    """Those that are masked."""
    return {word for word in words if len(word) >= SHORTEST}


def of_variables(variables: Mapping[str, Any], template: Template) -> set[str]:
    """Values of what has a secret's name or is vaulted, and passwords of URLs, within lists and mappings too."""
    return set().union(*(_of(name, value, template) for name, value in variables.items()))


def _of(name: str, value: Any, template: Template) -> set[str]:
    if secret_name(name) or report_inputs.vaulted(value):
        return _words(value, template)
    if isinstance(value, str):
        found = USERINFO.findall(value)
        return {*found, *map(unquote, found)}
    if isinstance(value, dict):
        return set().union(*(_of(str(key), each, template) for key, each in value.items()))
    parts = value if isinstance(value, list | tuple) else ()
    return set().union(*(_of(name, each, template) for each in parts))


def _words(value: Any, template: Template) -> set[str]:
    if isinstance(value, dict | list | tuple):
        each = value.values() if isinstance(value, dict) else value
        return set().union(*(_words(part, template) for part in each))
    try:
        text = str(value)
        return {str(template(text)) if "{{" in text else text} if isinstance(value, str) or value else set()
    except Exception:  # whatever an expression of the user's does: no record may be lost for it
        return set()
