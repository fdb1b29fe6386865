# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The history of runs in a database: SQLite on the controller, or PostgreSQL."""
