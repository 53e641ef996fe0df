/** Reading the main database of an LMDB file, as LMDB 0.9 writes it on 64-bit little-endian machines. */
import { type Fail, failAt } from '../error.js';
import { type OpenedFile, openRegularFile, useFile } from '../io/boundedFile.js';

export interface LmdbOptions {
  /** A longer value is refused unread. */
  readonly maximumValueBytes: number;
  /** What the user can do about a damaged file. */
  readonly todo: string;
}

/** Nothing stays open between calls. Each throws InputError if the part of the file that it needs is damaged. */
export interface Lmdb {
  /** All keys, ascending. */
  keys(): AsyncGenerator<Uint8Array, void, undefined>;
  /** The value; undefined if there is no such key. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
}

/*
 * The format, from LMDB's mdb.c. Pages of one size; each starts with 16 bytes: its number (8), 2 unused, flags (2), then
 * where free space begins and ends (2 + 2), or on the first of several overflow pages how many they are (4). Pages 0 and 1
 * are meta pages, the one with the higher transaction number counts. In branch and leaf pages follow 2-byte offsets of
 * nodes, sorted by key. A node: 8 bytes, key, and in leaves the value, or the number of the overflow page that it starts on.
 */
const headerBytes = 16;
const nodeBytes = 8;
const magic = 0xbeefc0de;
const metaBytes = headerBytes + 136;
const pageFlags = { branch: 1, leaf: 2, overflow: 4 };
const valueOnOverflowPages = 1;
const noRoot = 2 ** 64;
/** LMDB's own limit (CURSOR_STACK). */
const maximumDepth = 32;

interface Node {
  readonly key: Uint8Array;
  /** Branch: page number of the child. */
  readonly child: number;
  /** Leaf: length of the value in bytes, where it lies in the page, and whether a page number lies there instead. */
  readonly size: number;
  readonly at: number;
  readonly isOnOverflowPages: boolean;
}

interface Page {
  readonly isLeaf: boolean;
  readonly nodes: readonly Node[];
  readonly view: DataView;
}

interface Meta {
  readonly pageSize: number;
  readonly depth: number;
  readonly entries: number;
  readonly root: number;
}

/**
 * Opens a database file (`data.mdb`) for reading. No number in the file is trusted: pages outside the file, loops, keys
 * out of order and overlong values are errors. Memory is one page for each level of the tree, and the value asked for.
 * @throws InputError if it is missing, not a regular file, no LMDB file, or of another version or machine
 */
export async function openLmdb(path: string, options: LmdbOptions): Promise<Lmdb> {
  const fail = failAt(path, options.todo);
  const reader = (file: OpenedFile): Reader => ({ file, fail });
  await useFile(path, options, (file) => readMeta(reader(file)));
  return {
    async *keys() {
      const file = await openRegularFile(path, options);
      try {
        yield* allKeys(reader(file));
      } finally {
        await file.close();
      }
    },
    get: (key) => useFile(path, options, (file) => getValue(reader(file), key, options.maximumValueBytes)),
  };
}

interface Reader {
  readonly file: OpenedFile;
  readonly fail: Fail;
}

async function view({ file, fail }: Reader, position: number, length: number, label: string) {
  if (position + length <= file.size) return new DataView((await file.read(position, length)).buffer);
  const what = `damaged LMDB file: ${label} lies outside it`;
  throw fail(what, `${file.size} bytes`, `${position} + ${length}`);
}

/** The newer of the two meta pages. */
async function readMeta(reader: Reader): Promise<Meta> {
  const { fail } = reader;
  const first = await view(reader, 0, metaBytes, 'the first meta page');
  const [mark, version] = [first.getUint32(16, true), first.getUint32(20, true)];
  const sound = 'the format of LMDB 0.9 on a 64-bit little-endian machine';
  if (mark !== magic) throw fail('not an LMDB file', sound, 'other bytes at its start');
  if (version !== 1) throw fail('an LMDB file of another version', sound, `version ${version}`);
  const pageSize = first.getUint32(40, true);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0)
    throw fail('damaged LMDB file: its pages have an impossible size', '512 to 65536', `${pageSize}`);
  const second = await view(reader, pageSize, metaBytes, 'the second meta page');
  const isSound = second.getUint32(16, true) === magic && second.getUint32(20, true) === 1;
  const isNewer = isSound && second.getBigUint64(144, true) > first.getBigUint64(144, true);
  const meta = isNewer ? second : first;
  const [flags, depth] = [meta.getUint16(92, true), meta.getUint16(94, true)];
  const kind = 'one value a key, keys as bytes';
  if (flags !== 0) throw fail('an unsupported kind of LMDB database', kind, `flags ${flags}`);
  if (depth > maximumDepth)
    throw fail('damaged LMDB file: impossibly deep', `at most ${maximumDepth} levels`, `${depth}`);
  const [entries, root] = [Number(meta.getBigUint64(120, true)), Number(meta.getBigUint64(128, true))];
  if ((root === noRoot) !== (entries === 0))
    throw fail('damaged LMDB file: entries without a root', undefined, `${entries} entries`);
  return { pageSize, depth, entries, root };
}

async function* allKeys(reader: Reader): AsyncGenerator<Uint8Array, void, undefined> {
  const meta = await readMeta(reader);
  if (meta.root === noRoot) return;
  let count = 0;
  let last: Uint8Array | undefined;
  for await (const { nodes } of leaves(reader, meta, meta.root, 1)) {
    for (const { key } of nodes) {
      // Ascending keys also end every loop of pages.
      if (last !== undefined && Buffer.compare(last, key) >= 0)
        throw reader.fail('damaged LMDB file: its keys are out of order');
      last = key;
      count++;
      yield key;
    }
  }
  if (count !== meta.entries)
    throw reader.fail('damaged LMDB file: entries are missing', `${meta.entries}`, `${count}`);
}

async function getValue(reader: Reader, key: Uint8Array, most: number): Promise<Uint8Array | undefined> {
  const meta = await readMeta(reader);
  if (meta.root === noRoot) return undefined;
  let number = meta.root;
  for (let level = 1; level <= meta.depth; level++) {
    const page = await readPage(reader, number, meta, level);
    if (page.isLeaf) {
      const node = page.nodes.find((each) => Buffer.compare(each.key, key) === 0);
      return node && readValue(reader, node, page, meta, most);
    }
    // The first key of a branch page stands for everything before the second.
    const next = page.nodes.slice(1).findIndex((each) => Buffer.compare(each.key, key) > 0);
    number = page.nodes[next < 0 ? page.nodes.length - 1 : next].child;
  }
  return undefined;
}

async function* leaves(
  reader: Reader,
  meta: Meta,
  number: number,
  level: number,
): AsyncGenerator<Page, void, undefined> {
  const page = await readPage(reader, number, meta, level);
  if (page.isLeaf) yield page;
  else for (const { child } of page.nodes) yield* leaves(reader, meta, child, level + 1);
}

async function readPage(reader: Reader, number: number, meta: Meta, level: number): Promise<Page> {
  const { fail } = reader;
  const { pageSize, depth } = meta;
  const label = `page ${number}`;
  const page = await view(reader, number * pageSize, pageSize, label);
  const flags = page.getUint16(10, true);
  const isLeaf = flags === pageFlags.leaf;
  const isExpected = level === depth ? isLeaf : flags === pageFlags.branch;
  if (!isExpected || Number(page.getBigUint64(0, true)) !== number) {
    const expected = `page ${number}, a ${level === depth ? 'leaf' : 'branch'}`;
    const got = `page ${page.getBigUint64(0, true)} with flags ${flags}`;
    throw fail('damaged LMDB file: a page is not what it should be', expected, got);
  }
  const lower = page.getUint16(12, true);
  const count = (lower - headerBytes) / 2;
  if (!(Number.isInteger(count) && count >= 1 && lower <= pageSize))
    throw fail(`damaged LMDB file: ${label} has no honest nodes`, undefined, `${count}`);
  const nodes = Array.from({ length: count }, (_, i) => {
    const at = page.getUint16(headerBytes + 2 * i, true);
    const keyBytes = at >= lower && at + nodeBytes <= pageSize ? page.getUint16(at + 6, true) : pageSize;
    const valueAt = at + nodeBytes + keyBytes;
    const nodeFlags = valueAt <= pageSize ? page.getUint16(at + 4, true) : 0;
    const low = valueAt <= pageSize ? page.getUint32(at, true) : 0;
    const isOnOverflowPages = isLeaf && nodeFlags === valueOnOverflowPages;
    const valueBytes = isLeaf ? (isOnOverflowPages ? 8 : low) : 0;
    if (valueAt + valueBytes > pageSize || (isLeaf && nodeFlags > valueOnOverflowPages))
      throw fail(`damaged LMDB file: node ${i} of ${label} lies outside it, or is of an unknown kind`);
    const key = new Uint8Array(page.buffer, page.byteOffset + at + nodeBytes, keyBytes);
    return { key, child: low + nodeFlags * 2 ** 32, size: low, at: valueAt, isOnOverflowPages };
  });
  return { isLeaf, nodes, view: page };
}

async function readValue(
  reader: Reader,
  { size, at, isOnOverflowPages }: Node,
  page: Page,
  { pageSize }: Meta,
  most: number,
): Promise<Uint8Array> {
  if (size > most) throw reader.fail('a value is too long', `at most ${most} bytes`, `${size}`);
  if (!isOnOverflowPages) return new Uint8Array(page.view.buffer, page.view.byteOffset + at, size);
  const number = Number(page.view.getBigUint64(at, true));
  const label = `overflow page ${number}`;
  const header = await view(reader, number * pageSize, headerBytes, label);
  const room = header.getUint32(12, true) * pageSize - headerBytes;
  const isExpected =
    header.getUint16(10, true) === pageFlags.overflow && Number(header.getBigUint64(0, true)) === number;
  if (!isExpected || room < size)
    throw reader.fail(`damaged LMDB file: ${label} does not hold the value`, `${size} bytes`, `${room}`);
  const bytes = await view(reader, number * pageSize + headerBytes, size, label);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
