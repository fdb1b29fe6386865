# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What Alembic runs: the connection comes from ``Store.open``, whose transaction holds the whole migration."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
