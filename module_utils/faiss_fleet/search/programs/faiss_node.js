// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// The search test for faiss-node.

const fs = require('fs');
const path = require('path');
const { Test, Wrong, main } = require('./node_test.js');
const { placeOfSetting } = require('../node/lib/index-settings.js');

const EF_SEARCH = 64;
const AT_ONCE = 1000;           // vectors in one call of add(), which takes plain Arrays: eight bytes a number

class FaissNodeTest extends Test {
  step_import() {
    this.faiss = require('faiss-node');
    const directory = path.dirname(path.dirname(require.resolve('faiss-node')));
    let built = {};
    try {
      built = JSON.parse(fs.readFileSync(path.join(directory, 'faiss-fleet.json'), 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;  // one that somebody else built says nothing of itself
    }
    return {
      faiss_version: built.faiss || null, faiss_location: directory, isa_loaded: built.isa || null,
      isa_source: built.isa ? 'note of the build' : null,
      binding_version: require('faiss-node/package.json').version,
    };
  }

  // Through fromFactory, always: one addon was seen whose Flat worked and whose fromFactory ended Node.
  make(d, factory, vectors) {
    const index = this.faiss.Index.fromFactory(d, factory);
    const lists = /^IVF(\d+)/.exec(factory);
    const count = vectors.length / d;
    // Of more than 256 vectors for each list FAISS takes a sample itself.
    if (!index.isTrained()) index.train(Array.from(vectors.subarray(0, Math.min(count, 256 * Number(lists[1])) * d)));
    for (let at = 0; at < count; at += AT_ONCE) index.add(Array.from(vectors.subarray(at * d, (at + AT_ONCE) * d)));
    return index;
  }

  tuned(name, index, nprobe) {
    if (name === 'flat') return index;
    index.write(this.file);
    const bytes = fs.readFileSync(this.file);
    const place = placeOfSetting(bytes, name);
    if (place === null) {
      throw new Wrong('wrong_answer', `the index file of ${name} is not laid out as FAISS 1.7 writes it`);
    }
    bytes.writeUInt32LE(name === 'ivf' ? nprobe : EF_SEARCH, place);
    fs.writeFileSync(this.file, bytes);
    const found = this.faiss.Index.read(this.file);
    fs.unlinkSync(this.file);
    return found;
  }
}

main(FaissNodeTest);
