/** A classifier of its parts: programs that are compiled once, images made network input, scores. */
import type { Patch } from '../dataset/patch.js';
import type { Engine, Feeds, Program } from '../engine/engine.js';
import { runBatched } from '../engine/runBatched.js';
import { failAt } from '../error.js';
import { createGraph } from '../graph/graph.js';
import type { Value } from '../graph/node.js';
import { sizeOf, tensor } from '../tensor.js';
import { type AttachedNetwork, bandsRead } from './attachNetwork.js';
import type { Classifier, ClassifierDescription } from './classifier.js';

/** Programs that were compiled, by their keys. */
export type Programs = Map<string, Promise<Program>>;

export interface ClassifierParts {
  readonly network: Pick<AttachedNetwork, 'image' | 'size' | 'activation'>;
  readonly logits: Value;
  readonly scores: Value;
  /** Of classifiers that share what they compiled. */
  readonly programs?: Programs;
  /** What every program is fed besides, where it has such inputs. */
  readonly feeds?: Feeds;
}

/** A classifier of its parts. */
export function assembleClassifier(
  { network: { image, size, activation }, logits, scores, programs = new Map(), feeds }: ClassifierParts,
  description: ClassifierDescription,
  engine: Engine,
  { hash, where }: { readonly hash: string; readonly where: string },
): Classifier {
  const compiled: Classifier['program'] = (key, build) => {
    const known = programs.get(key);
    if (known !== undefined) return known;
    const program = engine.compile(createGraph(build()), { network: where });
    programs.set(key, program);
    // What failed may be tried again, for example with less in memory.
    program.catch(() => programs.delete(key));
    return program;
  };
  const program: Classifier['program'] = feeds
    ? async (key, build) => withFeeds(await compiled(key, build), feeds)
    : compiled;
  const [height, width] = size;
  return {
    ...description,
    ...{ activation, size, hash, engine, image, logits, scores, program },
    prepare(patch) {
      return tensor(prepareImage(patch, size, description), [1, description.bands.length, height, width]);
    },
    async score(images) {
      const result = await runBatched(await program('scores', () => ({ scores })), {
        [image.node.name]: images,
      });
      return result.scores;
    },
    async dispose() {
      const all = await Promise.allSettled(programs.values());
      programs.clear();
      for (const result of all) if (result.status === 'fulfilled') await result.value.dispose();
    },
  };
}

/** The program, always fed these values too. */
const withFeeds = (program: Program, feeds: Feeds): Program => ({
  ...program,
  run: (given) => program.run({ ...feeds, ...given }),
});

function prepareImage(
  patch: Pick<Patch, 'name' | 'bands' | 'image'>,
  [height, width]: readonly [number, number],
  description: ClassifierDescription,
): Float32Array {
  const { bands, normalisation, clip: [low, high] = [-Infinity, Infinity] } = description;
  const expected = [bands.length, height, width];
  if (patch.bands.join() !== bands.join() || patch.image.shape.join() !== expected.join()) {
    const fitting = `[${expected.join(', ')}], bands ${bands.join(' ')}`;
    const got = `[${patch.image.shape.join(', ')}], bands ${patch.bands.join(' ')}`;
    throw failAt(patch.name)('the image does not fit the classifier', fitting, got);
  }
  const names = bandsRead(description);
  const area = height * width;
  const result = new Float32Array(sizeOf(expected));
  for (const [band, name] of bands.entries()) {
    const place = names.indexOf(name);
    const [mean, deviation] = [normalisation.mean[place], normalisation.deviation[place]];
    for (let i = band * area; i < (band + 1) * area; i++) {
      const value = patch.image.data[i];
      if (!Number.isFinite(value)) {
        const pixel = i % area;
        const where = `${patch.name}, band ${name}, row ${Math.floor(pixel / width)}, column ${pixel % width}`;
        const fail = failAt(where, 'Fill or mask missing pixels before explaining.');
        throw fail('a pixel is not a finite number', undefined, String(value));
      }
      // Bands that the network does not read stay 0: no method finds anything in them.
      if (place >= 0) result[i] = (Math.min(Math.max(value, low), high) - mean) / deviation;
    }
  }
  return result;
}
