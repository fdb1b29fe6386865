// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The ids of a store by position, and the position of each. In pieces, so that none of them takes long to grow.

const PIECE = 1 << 15;
const SHARDS = 64;

class Ids {
  constructor() {
    this.pieces = [];
    this.shards = new Array(SHARDS);
  }

  at(position) { return this.pieces[Math.floor(position / PIECE)][position % PIECE]; }

  /** The position of an id; undefined when there is none. */
  position(id) {
    const shard = this.shards[id % SHARDS];
    return shard === undefined ? undefined : shard.get(id);
  }

  set(position, id) {
    const piece = Math.floor(position / PIECE), shard = id % SHARDS;
    if (piece === this.pieces.length) this.pieces.push(new Float64Array(PIECE));
    this.pieces[piece][position % PIECE] = id;
    if (this.shards[shard] === undefined) this.shards[shard] = new Map();
    this.shards[shard].set(id, position);
  }

  /** An id is forgotten when it is the one at this position. */
  drop(position) {
    const id = this.at(position);
    if (this.position(id) === position) this.shards[id % SHARDS].delete(id);
  }
}

module.exports = { Ids };
