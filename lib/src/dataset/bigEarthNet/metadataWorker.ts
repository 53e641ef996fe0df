/** The thread that metadata.parquet is decoded in: a hostile file can exhaust its memory or time, not the program's. */
import { parentPort } from 'node:worker_threads';
import { failAt, InputError, type InputErrorParts, messageOf } from '../../error.js';
import { decodeMetadataTable, type MetadataTable } from './metadataTable.js';

/** Names joined by line feeds: one text crosses threads far faster than half a million. */
export type MetadataReply =
  | { readonly table: Omit<MetadataTable, 'names'> & { readonly names: string } }
  | { readonly problem: Omit<InputErrorParts, 'where'> };

async function reply(bytes: ArrayBuffer): Promise<MetadataReply> {
  try {
    const table = await decodeMetadataTable(bytes, failAt('metadata.parquet'));
    return { table: { ...table, names: table.names.join('\n') } };
  } catch (thrown) {
    if (thrown instanceof InputError) return { problem: thrown.parts };
    return { problem: { what: `not a sound Parquet file: ${messageOf(thrown).slice(0, 200)}` } };
  }
}

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');
port.on('message', async (bytes: ArrayBuffer) => port.postMessage(await reply(bytes)));
