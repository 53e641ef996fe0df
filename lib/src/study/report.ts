/** The files that a finished study leaves: Table 3, MoRF curves, localisation. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../io/file.js';
import type { StudySummary } from './summary.js';
import { localisationCsv, morfCsv, table3Csv, table3Markdown } from './tables.js';

/** Writes the tables into the folder and returns their names; a table that no longer applies is removed. */
export async function writeReport(folder: string, summary: StudySummary): Promise<readonly string[]> {
  const files: Readonly<Record<string, string | undefined>> = {
    'table3.md': table3Markdown(summary),
    'table3.csv': table3Csv(summary),
    'morf.csv': morfCsv(summary),
    'localisation.csv': localisationCsv(summary),
  };
  const written: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) {
      await rm(join(folder, name), { force: true });
    } else {
      await writeFileAtomic(join(folder, name), content);
      written.push(name);
    }
  }
  return written;
}
