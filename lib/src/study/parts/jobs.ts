/** Files that have a scheduler run the parts of a study: templates that an administrator can read and change, filled in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failAt } from '../../error.js';
import { writeFileAtomic } from '../../io/file.js';
import { shellWord } from '../../text.js';

export type Scheduler = 'slurm' | 'kubernetes';

/** The templates that come with landlens, by the names of the files that are written. */
const templatesOf: Readonly<Record<Scheduler, readonly string[]>> = {
  slurm: ['slurm-parts.sh', 'slurm-merge.sh'],
  kubernetes: ['kubernetes.yaml'],
};

export interface JobOptions {
  /** Absolute. */
  readonly folder: string;
  readonly shards: number;
  /** Cores of a part, which are its threads too. */
  readonly cpus: number;
  /** MiB of a part. */
  readonly memory: number;
  /** Longest time of a part, as Slurm takes it: hours:minutes:seconds. */
  readonly time: string;
  /** How often a part that was killed is started again. */
  readonly retries: number;
  /** The words that start landlens. */
  readonly program: readonly string[];
  /** Kubernetes: the container's image, the claim of the volume that holds the study, and where that is mounted. */
  readonly image: string;
  readonly claim: string;
  readonly mount: string;
  /** Folder of templates in place of those that come with landlens. */
  readonly templates?: string;
}

const shipped = fileURLToPath(new URL('../../../templates', import.meta.url));

/**
 * Writes the job files of a study into its folder jobs/.
 * @returns their paths, in the order in which they are submitted
 * @throws InputError where a template is missing or has a field that nothing fills, or a path cannot stand in a job file
 */
export async function writeJobs(scheduler: Scheduler, options: JobOptions): Promise<readonly string[]> {
  const { folder, shards, program, templates = shipped } = options;
  if (/["\\\n\r]/.test(folder)) {
    throw failAt(folder, 'Plan the study in a folder with another name.')(
      'a path that job files cannot hold',
      'no quotation marks, backslashes or line breaks',
    );
  }
  const { cpus, memory, time, retries, image, claim, mount } = options;
  const command = (...words: readonly string[]): string => JSON.stringify([...program, 'study', ...words]);
  const isShell = scheduler === 'slurm';
  const fields: Readonly<Record<string, string | number>> = {
    ...{ shards, last: shards - 1, cpus, memory, time, retries },
    program: program.map(shellWord).join(' '),
    folder: isShell ? shellWord(folder) : JSON.stringify(folder),
    // Slurm puts numbers in place of what begins with %.
    logs: join(folder, 'logs').replaceAll('%', '%%'),
    run: command('run', folder, '--threads', `${cpus}`, '--wait', '30'),
    merge: command('merge', folder),
    ...{ image: JSON.stringify(image), claim: JSON.stringify(claim), mount: JSON.stringify(mount) },
  };
  const written: string[] = [];
  for (const name of templatesOf[scheduler]) {
    const path = join(templates, name);
    const template = await readFile(path, 'utf8').catch((): never => {
      throw failAt(path, `Copy those of ${shipped} and change them.`)('the template does not exist');
    });
    const filled = template.replace(/\{\{(\w*)\}\}/g, (_, field: string) => {
      if (Object.hasOwn(fields, field)) return String(fields[field]);
      throw failAt(path)('a field that nothing fills', Object.keys(fields).join(', '), `{{${field}}}`);
    });
    const job = join(folder, 'jobs', name);
    await writeFileAtomic(job, filled);
    written.push(job);
  }
  return written;
}
