import { ok, rejects } from 'node:assert/strict';
import { after, describe, it } from 'mocha';
import { gradCam } from '../../lib/src/attribution/gradCam.js';
import { integratedGradients } from '../../lib/src/attribution/integratedGradients.js';
import { occlusion } from '../../lib/src/attribution/occlusion.js';
import { saliency } from '../../lib/src/attribution/saliency.js';
import { smoothGrad } from '../../lib/src/attribution/smoothGrad.js';
import { createEngine } from '../../lib/src/engine/onnxRuntime.js';
import { createGraph } from '../../lib/src/graph/graph.js';
import { classifierOf, convolutionalLogits, normals } from '../classifiers.js';
import { collectGarbage } from '../garbage.js';

/** Memory of the whole process, onnxruntime's thread included, in bytes. */
function memoryInUse(): number {
  collectGarbage();
  return process.memoryUsage().rss;
}

const mebibyte = 2 ** 20;

/** How much memory `action` called `times` times leaves behind, in bytes, after as many as `warmUp` calls before. */
async function growth(
  action: (i: number) => Promise<unknown>,
  { warmUp, times }: { warmUp: number; times: number },
): Promise<number> {
  for (let i = 0; i < warmUp; i++) await action(i);
  const before = memoryInUse();
  for (let i = 0; i < times; i++) await action(warmUp + i);
  const grown = memoryInUse() - before;
  if (process.env.LANDLENS_REPORT) console.log(`      grown by ${(grown / mebibyte).toFixed(1)} MiB`);
  return grown;
}

describe('memory', () => {
  const engine = createEngine({ threads: 1 });
  after(() => engine.dispose());
  const classifier = () =>
    classifierOf(engine, [4, 16, 16], convolutionalLogits, { featureLayer: 'features' });

  it('does not grow over a thousand explanations', async () => {
    const own = classifier();
    const methods = [
      saliency(own),
      gradCam(own),
      integratedGradients(own, { steps: 8 }),
      smoothGrad(saliency(own), { samples: 4 }),
      occlusion(own, { window: [4, 4], stride: [4, 4] }),
    ];
    const image = normals('image', [1, 4, 16, 16]);
    const explain = (i: number) => methods[i % methods.length](image, [i % 3]);
    const grown = await growth(explain, { warmUp: 200, times: 1000 });
    await own.dispose();
    // A leak of 50 KB an explanation would leave 48 MiB; without one it is below 10.
    ok(grown < 25 * mebibyte, `grew by ${(grown / mebibyte).toFixed(1)} MiB`);
  });

  it('does not grow over programs that are compiled and disposed of', async () => {
    const image = normals('image', [1, 4, 16, 16]);
    const openAndClose = async () => {
      const own = classifier();
      await saliency(own)(image, [0]);
      await own.dispose();
    };
    // A hundred sessions that stay would leave 36 MiB; without any it is about 2.
    const grown = await growth(openAndClose, { warmUp: 50, times: 100 });
    ok(grown < 25 * mebibyte, `grew by ${(grown / mebibyte).toFixed(1)} MiB`);
  });

  it('of a program that was disposed of is not touched again', async () => {
    const { scores, image } = classifier();
    const program = await engine.compile(createGraph({ scores }));
    const feeds = { [image.node.name]: normals('image', [1, 4, 16, 16]) };
    await program.dispose();
    await rejects(program.run(feeds), /this program was disposed of/);
    await rejects(program.dispose(), /this program was disposed of/);
  });
});
