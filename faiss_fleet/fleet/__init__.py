# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The hosts of a run: preflight, connection, facts of hosts without Python."""
