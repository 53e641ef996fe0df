/** The default network with its classes in reverse order, which must not change what a notebook shows. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createGraph } from '../../lib/src/graph/graph.js';
import { constant, matMul, sigmoid } from '../../lib/src/graph/index.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { descriptionKey } from '../../lib/src/model/classifierFile.js';
import { defaultModel } from '../../lib/src/model/defaultModel.js';
import { readDescription } from '../../lib/src/model/descriptionFile.js';

/** Writes it: a matrix of zeros and ones behind the logits turns them around, exactly. */
export async function writeTurnedNetwork(path: string): Promise<void> {
  const { graph, metadata } = await readOnnx(defaultModel);
  const description = readDescription(metadata[descriptionKey], { where: defaultModel, needed: true });
  const classes = description.classes ?? assert.fail();
  const { length } = classes;
  const turn = Float32Array.from({ length: length ** 2 }, (_, i) =>
    Number(Math.floor(i / length) + (i % length) === length - 1),
  );
  const logits = matMul(
    graph.outputs.logits,
    constant({ dataType: 'float32', shape: [length, length], data: turn }),
  );
  const turned = JSON.stringify({ ...description, classes: classes.toReversed() });
  const encoded = writeOnnx(createGraph({ logits, scores: sigmoid(logits) }), {
    ...{ halfWeights: true, metadata: { ...metadata, [descriptionKey]: turned } },
  });
  await writeFile(path, encoded);
}
