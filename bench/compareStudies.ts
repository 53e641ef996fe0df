/**
 * How far the columns of Table 3 move between two recordings of one study, for example on two machines:
 * node --import ./test/typescript.mjs bench/compareStudies.ts FOLDER OTHER
 * FOLDER and OTHER are the --out of two runs of `npm run reproduce` with the same options. Seconds are left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../lib/src/error.js';

const columns = {
  maxSensitivity: 'Max-Sensitivity',
  aucMorf: 'AUC-MoRF',
  fileSize: 'File size (KB)',
} as const;
type Column = keyof typeof columns;
const names = ['maxSensitivity', 'aucMorf', 'fileSize'] as const satisfies readonly Column[];

type Metrics = Readonly<Partial<Record<Column, number>>>;
/** Metrics by method and image. */
type Study = ReadonlyMap<string, ReadonlyMap<number, Metrics>>;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function readStudy(folder: string): Study {
  const path = join(folder, 'records.jsonl');
  const study = new Map<string, Map<number, Metrics>>();
  for (const [i, line] of readFileSync(path, 'utf8').trim().split('\n').entries()) {
    const record: unknown = JSON.parse(line);
    if (!isObject(record) || typeof record.method !== 'string' || typeof record.imageIndex !== 'number') {
      throw new InputError({ what: 'not a record of a study', where: `${path}, line ${i + 1}` });
    }
    const { method, imageIndex, metrics } = record;
    const found = isObject(metrics) ? metrics : {};
    const values = names.flatMap((name) => (typeof found[name] === 'number' ? [[name, found[name]]] : []));
    const ofMethod = study.get(method) ?? new Map<number, Metrics>();
    study.set(method, ofMethod.set(imageIndex, Object.fromEntries(values)));
  }
  return study;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** One row a method: how far the mean moves, and in brackets the most that a single image does. */
function compare(one: Study, other: Study): readonly string[] {
  const rows = [...one].flatMap(([method, images]) => {
    const others = other.get(method);
    if (others === undefined) return [];
    const cells = names.map((name) => {
      const moves = [...images].flatMap(([image, metrics]) => {
        const [a, b] = [metrics[name], others.get(image)?.[name]];
        return a === undefined || b === undefined ? [] : [b - a];
      });
      if (moves.length === 0) return '';
      const most = Math.max(...moves.map(Math.abs));
      return `${Math.abs(mean(moves)).toFixed(4)} (${most.toFixed(4)}, n = ${moves.length})`;
    });
    return [`| ${method} | ${cells.join(' | ')} |`];
  });
  const heading = ['Method', ...names.map((name) => columns[name])];
  return [`| ${heading.join(' | ')} |`, `| --- |${' ---: |'.repeat(names.length)}`, ...rows];
}

const [folder, another] = process.argv.slice(2);
try {
  if (folder === undefined || another === undefined) {
    throw new InputError({ what: 'two studies are compared', where: 'arguments', expected: 'FOLDER OTHER' });
  }
  for (const line of compare(readStudy(folder), readStudy(another))) console.log(line);
} catch (thrown) {
  console.error(messageOf(thrown));
  process.exitCode = 1;
}
