/**
 * Co-occurrence of labels from a metadata.parquet of BigEarthNet's size.
 *
 *   python bench/makeMetadata.py metadata.parquet && node --import ./test/typescript.mjs bench/metadata.ts metadata.parquet
 */
import { coOccurrence } from '../lib/src/analysis/coOccurrence.js';
import { classes19 } from '../lib/src/dataset/bigEarthNet/labels.js';
import { readMetadataTables } from '../lib/src/dataset/bigEarthNet/metadataReader.js';
import { measure } from './measure.js';

const path = process.argv[2] ?? 'metadata.parquet';
const [table] = await measure(`read ${path}`, () => readMetadataTables([path]));
await measure(`count the co-occurrence of ${table.names.length} rows`, async () => {
  const rows = Array.from(table.labels, (bits) => classes19.flatMap((_, i) => ((bits >> i) & 1 ? [i] : [])));
  return coOccurrence(rows, classes19.length);
});
