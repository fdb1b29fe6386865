// Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
'use strict';
// Puts a new file in the place of an old one, whole or not at all, whoever else does so at the same time.

const { randomBytes } = require('crypto');
const fs = require('fs');
const path = require('path');

const MOST_LINKS = 40;
const NOT_PERMITTED = ['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];      // to this user, or on this file system

/** Where a path leads: the end of its symbolic links, be there a file or not yet. */
async function placeOf(file) {
  let place = path.resolve(file);
  for (let links = 0; links < MOST_LINKS; links++) {
    const directory = await fs.promises.realpath(path.dirname(place));
    place = path.join(directory, path.basename(place));
    let aim;
    try {
      aim = await fs.promises.readlink(place);
    } catch (error) {
      if (error.code === 'EINVAL' || error.code === 'ENOENT') return place;
      throw error;
    }
    place = path.resolve(directory, aim);
  }
  throw new Error('it is a symbolic link that leads nowhere');
}

async function statOf(file) {
  try {
    return await fs.promises.stat(file);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Owner, group and mode of another file, as far as this user may give them. */
async function makeLike(handle, like) {
  const own = await handle.stat();
  const unless = (error) => { if (!NOT_PERMITTED.includes(error.code)) throw error; };
  if (own.gid !== like.gid) await handle.chown(own.uid, like.gid).catch(unless);
  if (own.uid !== like.uid) await handle.chown(like.uid, like.gid).catch(unless);
  await handle.chmod(like.mode & 0o777).catch(unless);
}

/** A new, empty file of a name that nobody else has: neither another call, another process, nor another machine. */
async function create(directory, name, mode) {
  for (;;) {
    const partial = path.join(directory, `.${name.slice(0, 40)}.${randomBytes(8).toString('hex')}.partial`);
    try {
      return { partial, handle: await fs.promises.open(partial, 'wx+', mode) };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/** So that the new name is on the disk as well. Not every file system can; the file is whole either way. */
async function syncFolder(directory) {
  try {
    const handle = await fs.promises.open(directory, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (typeof error.code !== 'string') throw error;
  }
}

/**
 * `write(handle, partial)` fills a file beside the place to which the path leads, which then takes that place. It keeps
 * mode and owner of what was there; a new one has those of the file `like`, where one is given, or what the umask says.
 */
async function replaceFile(file, write, like = null) {
  const place = await placeOf(file), directory = path.dirname(place);
  const before = await statOf(place);
  if (before !== null && !before.isFile()) throw new Error('it is not a regular file');
  const model = before || (like === null ? null : await statOf(like));
  const { partial, handle } = await create(directory, path.basename(place), model === null ? 0o666 : 0o600);
  let open = true;
  try {
    await write(handle, partial);
    if (model !== null) await makeLike(handle, model);
    await handle.sync();
    await handle.close();
    open = false;
    await fs.promises.rename(partial, place);
  } catch (error) {
    if (open) await handle.close().catch(() => {});
    await fs.promises.unlink(partial).catch(() => {});      // what this very call created
    throw error;
  }
  await syncFolder(directory);
}

module.exports = { replaceFile };
