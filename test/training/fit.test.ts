import { deepEqual, equal, notDeepEqual, ok, rejects } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Dataset } from '../../lib/src/dataset/patch.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { InputError } from '../../lib/src/error.js';
import type { Weights } from '../../lib/src/model/layers.js';
import { type FitOptions, type Fitted, fit as train } from '../../lib/src/training/fit.js';
import type { Recipe } from '../../lib/src/training/recipe.js';
import { tinyArchitecture, tinyDataset } from './tiny.js';

const bytesOf = (weights: Weights): string[] =>
  [...weights].map(
    ([name, { data }]) =>
      `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
  );

describe('fit', () => {
  const engine = createEngine({ threads: 1 });
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landlens-fit-'));
  });
  after(async () => {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Two phases of 12 and 25 steps: growing images, and more of them than the data set holds. */
  const recipe: Recipe = {
    seed: 3,
    phases: [
      { size: 6, images: 96, batch: 8 },
      { size: 8, images: 200, batch: 8 },
    ],
    rate: 0.03,
    warmUp: 0.1,
    validationImages: 24,
    checkEvery: 64,
  };
  const options = (name: string, changes: Partial<FitOptions> = {}): FitOptions => ({
    architecture: tinyArchitecture,
    datasetAt: tinyDataset,
    engine,
    recipe,
    checkpoint: join(folder, name),
    ...changes,
  });

  /** Stops a training after so many steps of 8 images, as an interruption from the keyboard does. */
  async function interrupt(name: string, steps: number): Promise<void> {
    const controller = new AbortController();
    const onProgress: FitOptions['onProgress'] = ({ images }) => {
      if (images >= 8 * steps) controller.abort();
    };
    await rejects(train(options(name, { signal: controller.signal, onProgress })), { name: 'AbortError' });
  }

  it('learns: the loss falls, and the images of the validation split are told apart', async () => {
    const longer: Recipe = { ...recipe, phases: [{ size: 8, images: 960, batch: 8 }], checkEvery: 160 };
    const { history } = await train(options('learns', { recipe: longer }));
    const [first] = history;
    const last = history[history.length - 1];
    equal(last.images, 960);
    ok(last.trainingLoss < first.trainingLoss / 2, `${last.trainingLoss} after ${first.trainingLoss}`);
    ok(
      last.validationLoss < first.validationLoss / 2,
      `${last.validationLoss}, before ${first.validationLoss}`,
    );
    ok(last.validationMicroF1 > 0.95, `F1 ${last.validationMicroF1}`);
  });

  it('gives the same weights for the same seed, others for another', async () => {
    const [one, two] = [await train(options('one')), await train(options('two'))];
    deepEqual(bytesOf(one.weights), bytesOf(two.weights));
    const other = await train(options('other', { recipe: { ...recipe, seed: 4 } }));
    notDeepEqual(bytesOf(other.weights), bytesOf(one.weights));
  });

  it('reports how far it is', async () => {
    const images: number[] = [];
    await train(
      options('reports', {
        onProgress(progress) {
          equal(progress.totalImages, 296);
          ok(progress.secondsLeft >= 0 && Number.isFinite(progress.loss));
          images.push(progress.images);
        },
      }),
    );
    deepEqual(
      images,
      Array.from({ length: 37 }, (_, i) => 8 * (i + 1)),
    );
  });

  /** Everything but the time that it took. */
  const comparable = ({ weights, history }: Fitted) => ({
    weights: bytesOf(weights),
    history: history.map(({ seconds: _, waitingShare: __, ...rest }) => rest),
  });

  it('goes on where it was interrupted, and ends with the same bits', async () => {
    const whole = comparable(await train(options('whole')));
    // One step more is taken: the checkpoints lie within a phase, at a check, at the end of a phase, and in the next.
    for (const steps of [3, 7, 11, 20, 30]) await interrupt('interrupted', steps);
    deepEqual(comparable(await train(options('interrupted'))), whole);
  });

  it('goes on from the last check where it was killed', async () => {
    const whole = comparable(await train(options('undisturbed')));
    const onProgress: FitOptions['onProgress'] = ({ images }) => {
      if (images === 8 * 21) throw new Error('killed');
    };
    await rejects(train(options('killed', { onProgress })), /killed/);
    const seen: number[] = [];
    const again = await train(options('killed', { onProgress: ({ images }) => seen.push(images) }));
    // The last checkpoint is that of the check after 128 images.
    equal(seen[0], 136);
    deepEqual(comparable(again), whole);
  });

  /** Ends of its own accord: after some checks the loss of so few images no longer falls. */
  const onPlateau: Recipe = {
    ...recipe,
    phases: [{ size: 8, images: 8000, batch: 8 }],
    checkEvery: 16,
    plateau: { factor: 0.5, patience: 0, threshold: 0.01, leastRate: 1e-4, stopAfter: 2 },
  };

  it('lowers the rate and stops on a plateau of the validation loss, and keeps the best weights', async () => {
    const { weights, history, kept } = await train(options('plateau', { recipe: onPlateau }));
    const losses = history.map(({ validationLoss }) => validationLoss);
    equal(kept, losses.indexOf(Math.min(...losses)));
    equal(history.length, kept + 3);
    ok(history[history.length - 1].images < 8000);
    const rates = history.map(({ rate }) => rate ?? 0);
    equal(rates[0], 0.03);
    ok(rates[rates.length - 1] < 0.03, String(rates));
    // The same training, ended by its recipe at the best check, has the same weights.
    const images = history[kept].images;
    const shorter = { ...onPlateau, phases: [{ size: 8, images, batch: 8 }] };
    deepEqual(bytesOf((await train(options('to the best', { recipe: shorter }))).weights), bytesOf(weights));
    for (const { metrics, waitingShare, validationMicroF1 } of history) {
      ok(waitingShare !== undefined && waitingShare >= 0 && waitingShare <= 1);
      ok(metrics && metrics.hammingLoss >= 0 && metrics.coverageError >= 0 && validationMicroF1 <= 1);
    }
  });

  it('killed in the middle of an epoch, goes on to the same weights', async function () {
    this.timeout(120_000);
    const whole = comparable(await train(options('not killed', { recipe: onPlateau })));
    const script = new URL('./trainTiny.ts', import.meta.url).pathname;
    const loader = new URL('../typescript.mjs', import.meta.url).href;
    for (const step of [5, 9]) {
      const child = spawn(
        process.execPath,
        ['--import', loader, script, join(folder, 'killed hard'), `${step}`],
        {
          env: { ...process.env, RECIPE: JSON.stringify(onPlateau) },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const [code, signal] = await once(child, 'exit');
      deepEqual([code, signal], [null, 'SIGKILL']);
    }
    deepEqual(comparable(await train(options('killed hard', { recipe: onPlateau }))), whole);
  });

  it('starts from given weights, and knows them again when it goes on', async () => {
    const earlier = (await train(options('earlier'))).weights;
    const initial = { weights: earlier, name: 'earlier.onnx' };
    const rest = { ...recipe, rate: 0, phases: [{ size: 8, images: 8, batch: 8 }] };
    const { weights } = await train(options('from', { recipe: rest, initial }));
    deepEqual(weights.get('conv1.weight')?.data, earlier.get('conv1.weight')?.data);
    await rejects(train(options('from', { recipe: rest })), /belongs to another training/);
  });

  it('has nothing left to do where it ended', async () => {
    const first = await train(options('ended'));
    const again = await train(options('ended', { onProgress: () => ok(false, 'no step should be taken') }));
    deepEqual(bytesOf(again.weights), bytesOf(first.weights));
    deepEqual(again.history, first.history);
  });

  it('ends with the error of a patch that cannot be read', async () => {
    const damaged = (size: number) => ({
      ...tinyDataset(size),
      async read(): Promise<never> {
        throw new InputError({ what: 'is damaged', where: 'patch 7' });
      },
    });
    await rejects(train(options('unreadable', { datasetAt: damaged })), {
      name: 'InputError',
      message: /patch 7/,
    });
  });

  it('hears of a patch that cannot be read while the engine is still at work', async () => {
    let reads = 0;
    const later = (size: number) => ({
      ...tinyDataset(size),
      async read(...where: Parameters<Dataset['read']>) {
        if (++reads > 20) throw new InputError({ what: 'is damaged', where: 'patch 7' });
        return tinyDataset(size).read(...where);
      },
    });
    const unheard: unknown[] = [];
    const listen = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', listen);
    try {
      const training = train(options('unreadable later', { datasetAt: later }));
      await rejects(training, { name: 'InputError', message: /patch 7/ });
    } finally {
      process.off('unhandledRejection', listen);
    }
    deepEqual(unheard, []);
  });

  it('refuses a data set without images', async () => {
    const empty = (size: number) => ({ ...tinyDataset(size), count: () => 0 });
    await rejects(train(options('empty', { datasetAt: empty })), {
      name: 'InputError',
      message: /train split/,
    });
  });

  it('stops where the loss is no longer a number', async () => {
    const endless = train(options('endless', { recipe: { ...recipe, rate: 1e30, warmUp: 0 } }));
    await rejects(endless, { name: 'InputError', message: /loss became .*smaller step size/ });
  });

  describe('refuses a checkpoint', () => {
    const edit = async (
      name: string,
      change: (file: Buffer) => Buffer | string,
    ): Promise<Promise<unknown>> => {
      await interrupt(name, 3);
      const { checkpoint } = options(name);
      await writeFile(checkpoint, change(await readFile(checkpoint)));
      return train(options(name));
    };
    const split = (file: Buffer) => {
      const end = file.indexOf('\n');
      return { header: JSON.parse(file.subarray(0, end).toString()), body: file.subarray(end + 1) };
    };
    const joined = (header: unknown, body: Uint8Array) =>
      Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);

    const damages: Readonly<Record<string, (file: Buffer) => Buffer | string>> = {
      'that is empty': () => '',
      'that is something else': () => 'not a checkpoint\n',
      'whose first line is no object': () => 'null\n',
      'that is cut off': (file) => file.subarray(0, file.length - 9),
      'with a changed byte': (file) => {
        file[file.length - 5] ^= 1;
        return file;
      },
      'whose values do not fill its lengths': (file) => {
        const { header, body } = split(file);
        const short = body.subarray(0, 8);
        return joined({ ...header, sha256: createHash('sha256').update(short).digest('hex') }, short);
      },
      'with an impossible position': (file) => {
        const { header, body } = split(file);
        return joined({ ...header, step: 1e6 }, body);
      },
      'whose count of updates does not fit its position': (file) => {
        const { header, body } = split(file);
        return joined({ ...header, updates: header.updates + 1 }, body);
      },
      'with a check that has no figures': (file) => {
        const { header, body } = split(file);
        return joined({ ...header, history: [null] }, body);
      },
      'without a history': (file) => {
        const { header, body } = split(file);
        return joined({ ...header, history: undefined }, body);
      },
    };
    for (const [name, damage] of Object.entries(damages)) {
      it(name, async () => {
        await rejects(edit(name, damage), (thrown: unknown) => {
          ok(thrown instanceof InputError, String(thrown));
          ok(thrown.message.includes(name) && /Delete the file/.test(thrown.message), thrown.message);
          return true;
        });
      });
    }

    it('of another training', async () => {
      await interrupt('foreign', 3);
      const changes: readonly Partial<FitOptions>[] = [
        { recipe: { ...recipe, rate: 0.02 } },
        { datasetAt: (size) => ({ ...tinyDataset(size), name: 'other' }) },
        { datasetAt: (size) => ({ ...tinyDataset(size), classes: ['only one'] }) },
      ];
      for (const change of changes) {
        await rejects(train(options('foreign', change)), {
          name: 'InputError',
          message: /belongs to another training/,
        });
      }
    });
  });
});
