// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
/* global test */
// Flat indexes in place of faiss-node, where faiss-node's own tests do not look: files longer than a buffer may be.

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const flat = require('../lib/flat-index');
const { directory } = require('./help');

const D = 1000, COUNT = 2200;       // 8.8 MB: two parts

function numbers(count) {
  return Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i)));
}

test('flat index: a file is written and read in parts, never as one buffer', () => {
  const place = path.join(directory(), 'x.index'), index = new flat.IndexFlatL2(D), values = numbers(COUNT * D);
  index.add(values);
  const whole = index.toBuffer(), kept = { ...fs };
  const refuse = () => { throw Object.assign(new Error('File size is greater than 2 GiB'), { code: 'ERR_FS_FILE_TOO_LARGE' }); };
  fs.readFileSync = refuse;
  fs.writeFileSync = refuse;
  fs.readSync = (file, bytes, ...more) => {
    assert.ok(bytes.length < whole.length, 'the whole file is one buffer');
    return kept.readSync(file, bytes, at(more), Math.min(more[1], 100003), more[2]);      // a read may end early
  };
  const at = ([start]) => start;
  let found;
  try {
    index.write(place);
    found = flat.Index.read(place);
  } finally {
    Object.assign(fs, { readFileSync: kept.readFileSync, writeFileSync: kept.writeFileSync, readSync: kept.readSync });
  }
  assert.ok(fs.readFileSync(place).equals(whole));
  assert.ok(found instanceof flat.IndexFlatL2 && found.ntotal() === COUNT && found.toBuffer().equals(whole));
  assert.deepStrictEqual(found.search(values.slice(D, 2 * D), 1).labels, [1]);
});

test('flat index: a file that is short, foreign, of another kind or no file is refused, and by its name', () => {
  const place = path.join(directory(), 'x.index'), index = new flat.IndexFlatIP(4);
  index.add(numbers(40));
  index.write(place);
  assert.throws(() => flat.IndexFlatL2.read(place), /x\.index is an IndexFlatIP, not an IndexFlatL2/);
  const whole = fs.readFileSync(place);
  for (const [bytes, code] of [[whole.subarray(0, 100), 'FILE_TRUNCATED'], [whole.subarray(0, 20), 'FILE_TRUNCATED'],
    [Buffer.concat([whole, Buffer.alloc(4)]), 'FILE_CORRUPT'], [Buffer.from('IwFl'), 'FILE_FOREIGN'], [Buffer.alloc(0), 'FILE_FOREIGN']]) {
    fs.writeFileSync(place, bytes);
    assert.throws(() => flat.Index.read(place), (error) => error.code === code && error.message.includes(place));
  }
  assert.throws(() => flat.Index.read(path.dirname(place)), /Error in read: could not open/);
  assert.throws(() => flat.Index.read(`${place}.none`), /for reading: No such file or directory/);
});

test('flat index: where there is no memory for what is merged, nothing is lost', () => {
  const [one, other] = [0, 1].map(() => new flat.IndexFlatL2(4));
  for (const index of [one, other]) index.add(numbers(8));
  one._rows.segments.reserve = () => { throw new RangeError('Array buffer allocation failed'); };
  assert.throws(() => one.mergeFrom(other), RangeError);
  assert.deepStrictEqual([one.ntotal(), other.ntotal()], [2, 2]);
});
