# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Says how a host's Python is started: the one named, or the one that Ansible's own discovery would choose. Pure.

Ansible asks a host twice before the first module runs there; a shell answers the same in the call that needs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from shlex import quote

DISCOVERED = ("auto", "auto_silent")
_NAME = re.compile(r"[A-Za-z0-9_./+-]+")

# The first of the names that is there; where the distribution's own Python has a known place, that one instead. The
# host's os-release is read, not run, and no more of it than any has.
CHOOSE = r"""p=; a=' '
for n in {names}; do f=$(command -v "$n" 2>/dev/null); case $f in /*) a="$a$f "; [ -n "$p" ] || p=$f;; esac; done
[ -n "$p" ] || {{ echo "no Python was found" >&2; exit 127; }}
d=; v=; t=
for e in $(head -c 65536 /etc/os-release 2>/dev/null | tr -d '\000' | sed -n "
s/^ID=[\"']\{{0,1\}}\([a-z0-9._-]*\).*/d:\1/p
s/^VERSION_ID=[\"']\{{0,1\}}\([0-9]*\).*/v:\1/p" 2>/dev/null); do
case $e in d:*) d=${{e#d:}};; v:*) v=${{e#v:}};; esac
done
case $v in ''|*[!0-9]*) ;; *) case $d in
{known}
esac;; esac
q=; for e in $t; do [ -n "$q" ] && [ "$v" -lt "${{e%%:*}}" ] || q=${{e#*:}}; done
case $a in *" $q "*) [ -z "$q" ] || p=$q;; esac
exec "$p" -c {program}"""


def command(
    program: str,
    named: str,
    names: Sequence[str],
    places: Mapping[str, Mapping[str, str]],
    families: Mapping[str, str],
) -> str | None:
    """The shell command that runs a program in Python; None for a value that only Ansible itself understands.

    named: the value of ansible_python_interpreter. names: what discovery looks for, in order. places: by distribution
    or family, the Python of each release; families: the family of a distribution.
    """
    if named not in DISCOVERED:
        return f"{named} -c {quote(program)}" if named.startswith("/") and _NAME.fullmatch(named) else None
    if not all(map(_NAME.fullmatch, names)):
        return None
    lines = []
    for distribution in sorted({*places, *families}):
        known = places.get(distribution) or places.get(families.get(distribution, ""))
        if known and re.fullmatch(r"[a-z0-9_.-]+", distribution) and all(map(str.isdigit, known)):
            table = " ".join(f"{release}:{known[release]}" for release in sorted(known, key=int))
            lines.append(f"{distribution}) t={quote(table)};;")
    table = "\n".join(lines) or "-) ;;"
    return CHOOSE.format(names=" ".join(map(quote, names)), known=table, program=quote(program))
