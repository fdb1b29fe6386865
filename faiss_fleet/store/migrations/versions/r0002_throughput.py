# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Throughput and the JavaScript store's latency get columns of their own, filled from the records that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from faiss_fleet.store.packing import columns_of, unpack

revision = "0002"
down_revision = "0001"

NEW = ("qps", "js_p95_ms")
BATCH = 500


def upgrade() -> None:
    """Adds the columns and an index for counts by state, and works through the hosts by batches."""
    for name in NEW:
        op.add_column("hosts", sa.Column(name, sa.Float))
    op.create_index("hosts_by_state", "hosts", ["run", "state"])
    hosts = sa.table("hosts", *(sa.column(name) for name in ("run", "host", "record", *NEW)))
    connection = op.get_bind()
    key = sa.tuple_(hosts.c.run, hosts.c.host)
    last = ("", "")
    while True:
        batch = connection.execute(
            sa.select(hosts.c.run, hosts.c.host, hosts.c.record)
            .where(key > sa.tuple_(sa.literal(last[0]), sa.literal(last[1])))
            .order_by(hosts.c.run, hosts.c.host)
            .limit(BATCH)
        ).all()
        if not batch:
            return
        for run, host, packed in batch:
            cells = columns_of(unpack(packed))
            values = {name: cells[name] for name in NEW}
            connection.execute(sa.update(hosts).where(hosts.c.run == run, hosts.c.host == host).values(values))
        last = (batch[-1].run, batch[-1].host)
