// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// One way of bench_loaders.py in Node: fills an index, then answers a round of queries for each line of standard input.
// Every way gets the same vectors, of length 1, so that inner product, cosine and distance rank alike.

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const { how, rows: rowsFile, queries: queriesFile, d, k, loader, modules, setting, directory } = JSON.parse(process.argv[2]);
const floats = (file) => {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};
const rows = floats(rowsFile), n = rows.length / d, row = (i) => rows.subarray(i * d, (i + 1) * d);
const ids = Array.from({ length: n }, (_, i) => i);
const need = (name) => require(path.join(modules, name));

async function throughLoader(Kind, options) {
  const store = new Kind({ metric: 'l2', dimension: d, threads: 1, ...options });
  await store.add(ids, rows);
  await store.ready();
  return { search: async (query) => (await store.search(query, k)).map((hit) => hit.id), about: { backend: store.backend, ...store.about } };
}

const ways = {
  fallback: () => throughLoader(require(loader).JSVectorStorage, {}),
  configured: () => throughLoader(require(loader).VectorStorage, { setting, fallback: false }),
  socket: () => throughLoader(require(loader).VectorStorage, { setting, socket: setting.at, fallback: false }),
  facade: () => flat(require(path.join(loader, 'lib', 'flat-index')).IndexFlatL2),
  'faiss-node': () => flat(require(path.join(setting, 'faiss-node')).IndexFlatL2),
  usearch() {
    const { Index } = need('usearch'), index = new Index(d, 'l2sq');
    index.add(BigUint64Array.from(ids, BigInt), rows, 1);
    return { search: (query) => Array.from(index.search(query, k, 1).keys, Number) };
  },
  'usearch exact'() {
    const { exactSearch } = need('usearch');
    return { search: (query) => Array.from(exactSearch(rows, query, d, k, 'l2sq', 1).keys, Number) };
  },
  'hnswlib-node'() {
    const { HierarchicalNSW } = need('hnswlib-node'), index = new HierarchicalNSW('l2', d);
    index.initIndex(n);
    for (const id of ids) index.addPoint(Array.from(row(id)), id);
    index.setEf(64);
    return { search: (query) => index.searchKnn(Array.from(query), k).neighbors };
  },
  'sqlite-vec'() {
    const { DatabaseSync } = require('node:sqlite'), db = new DatabaseSync(':memory:', { allowExtension: true });
    need('sqlite-vec').load(db);
    db.exec(`CREATE VIRTUAL TABLE v USING vec0(e float[${d}])`);
    const insert = db.prepare('INSERT INTO v(rowid, e) VALUES (?, ?)'), bytes = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    db.exec('BEGIN');
    for (const id of ids) insert.run(BigInt(id), bytes(row(id)));
    db.exec('COMMIT');
    const select = db.prepare(`SELECT rowid FROM v WHERE e MATCH ? AND k = ${k} ORDER BY distance`);
    return { search: (query) => select.all(bytes(query)).map((found) => found.rowid) };
  },
  async vectra() {
    const { LocalIndex } = need('vectra'), index = new LocalIndex(path.join(directory, `vectra-${n}`));
    await index.createIndex({ version: 1, deleteIfExists: true });
    await index.batchInsertItems(ids.map((id) => ({ id: String(id), vector: Array.from(row(id)), metadata: {} })));
    return { search: async (query) => (await index.queryItems(Array.from(query), '', k)).map(({ item }) => Number(item.id)) };
  },
};

function flat(Kind) {
  const index = new Kind(d);
  for (let i = 0; i < n; i += 1000) index.add(Array.from(rows.subarray(i * d, Math.min(n, i + 1000) * d)));
  return { search: (query) => index.search(Array.from(query), Math.min(k, n)).labels };
}

const now = () => Number(process.hrtime.bigint()) / 1e6;

(async () => {
  const flatQueries = floats(queriesFile), queries = Array.from({ length: flatQueries.length / d }, (_, i) => flatQueries.slice(i * d, (i + 1) * d));
  const began = now(), { search, about = {} } = await ways[how](), filled = (now() - began) / 1000;
  const found = [];
  for (const query of queries) found.push(await search(query));
  console.log(JSON.stringify({ about, filled, found }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const times = [];
    for (const query of queries.slice(0, Number(line))) {
      const from = now(), answer = search(query);
      if (answer instanceof Promise) await answer;
      times.push(now() - from);
    }
    console.log(JSON.stringify(times));
  }
  process.exit(0);
})().catch((error) => {
  console.error(String(error && error.message).split('\n')[0]);
  process.exit(1);
});
