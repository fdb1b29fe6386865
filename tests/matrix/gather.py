# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Runs inside a userland: prints what the probe of an audit finds there, as JSON. Arguments: Pythons to look at."""

import json
import sys

sys.path.insert(0, "/project")

from faiss_fleet.facts import gather

from faiss_fleet import host

options = {
    "prefix": "/opt/faiss-fleet",
    "setting": "/etc/faiss-fleet/backend.json",
    "interpreters": sys.argv[1:],
    "search_paths": [],
}
print(json.dumps(gather.gather(host.Host(timeout=20), options)))
