/** A small network in the form of ukis-csmask's: three classes in every pixel of six bands, its statistics beside it. */
import { writeFile } from 'node:fs/promises';
import { createGraph } from '../../lib/src/graph/graph.js';
import { floats, input } from '../../lib/src/graph/node.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { conv } from '../../lib/src/graph/operators/convolution.js';

/** Bright pixels are cloud, dark ones shadow: weights of the bands' mean, and what is added. */
const classes = [
  { weight: 0, bias: 0 },
  { weight: 1, bias: 0.2 },
  { weight: -1, bias: -0.65 },
];

/** Writes the .onnx, and the .json beside it. */
export async function writeCloudNetwork(path: string): Promise<void> {
  const image = input('image', ['N', 6, 256, 256]);
  const weights = classes.flatMap(({ weight }) => new Array<number>(6).fill(weight / 6));
  const biases = floats(
    classes.map(({ bias }) => bias),
    [3],
  );
  const logits = conv(image, floats(weights, [3, 6, 1, 1]), { bias: biases });
  await writeFile(path, writeOnnx(createGraph({ logits })));
  const img = [new Array(6).fill(0.27), new Array(6).fill(0.32)];
  const names = ['blue', 'green', 'red', 'nir', 'swir16', 'swir22'];
  const statistics = { data: { dataset_statistics: { img, band_names: names } } };
  await writeFile(path.replace(/\.onnx$/, '.json'), JSON.stringify(statistics));
}
