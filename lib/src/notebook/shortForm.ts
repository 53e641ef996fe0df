/** Values in a line: what a notebook prints of a tensor, a classifier, a data set, a patch in place of all their numbers. */
import { inspect } from 'node:util';
import { oneLine } from '../text.js';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const has = (value: Fields, ...names: readonly string[]): boolean => names.every((name) => name in value);
const isNumbers = (value: unknown): value is ArrayLike<number> =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof BigInt64Array);
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
const short = (value: number): string => String(Number(value.toPrecision(3)));

/** "Tensor [1, 120, 120], -0.2 to 1.3, mean 0.1" */
function tensorText(data: ArrayLike<number>, shape: readonly unknown[]): string {
  let [low, high, sum, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) continue;
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
    sum += data[i];
    finite++;
  }
  const range = finite === 0 ? '' : `, ${short(low)} to ${short(high)}, mean ${short(sum / finite)}`;
  const missing = data.length === finite ? '' : `, ${data.length - finite} not finite`;
  return `Tensor [${shape.join(', ')}]${range}${missing}`;
}

function patchText({ name, image, bands, labels }: Fields): string {
  const shape = isObject(image) && Array.isArray(image.shape) ? image.shape : [];
  const size = shape.slice(1).join(' x ');
  const classes = Array.isArray(labels) && labels.length > 0 ? labels.join(', ') : 'none';
  return `Patch ${oneLine(String(name))}: ${count(bands)} bands, ${size} pixels, labels ${classes}`;
}

function classifierText({ name, bands, classes, size, engine }: Fields): string {
  const pixels = Array.isArray(size) ? size.join(' x ') : '';
  const runtime = isObject(engine) ? `, ${String(engine.name)}` : '';
  return `Classifier ${oneLine(String(name))}: ${count(bands)} bands, ${pixels} pixels, ${count(classes)} classes${runtime}`;
}

function datasetText(data: Fields): string {
  const { name, bands, classes, size, rendered } = data;
  const images = (['train', 'validation', 'test'] as const).map((split) => {
    const held: unknown = typeof data.count === 'function' ? data.count(split) : '?';
    return `${String(held)} ${split}`;
  });
  const kind = rendered === true ? ', rendered' : '';
  return `Dataset ${oneLine(String(name))}${kind}: ${images.join(', ')} images, ${String(size)} x ${String(size)} pixels, ${count(bands)} bands, ${count(classes)} classes`;
}

function attributionText({ method, values, units }: Fields): string {
  const text = isObject(values) ? (lineOf(values) ?? '') : '';
  return `Attribution ${oneLine(String(method))}: ${text}; ${oneLine(String(units))}`;
}

function valueText(node: Fields, type: unknown): string {
  const shape = isObject(type) && Array.isArray(type.shape) ? type.shape.join(', ') : '';
  const name = node.name === '' ? '' : ` "${oneLine(String(node.name))}"`;
  return `Value ${String(node.operator)}${name} [${shape}]`;
}

/** The line that stands for one of landlens's objects; undefined for any other value. */
function lineOf(value: Fields): string | undefined {
  const { data, shape, node } = value;
  if (isNumbers(data) && Array.isArray(shape)) return tensorText(data, shape);
  if (has(value, 'logits', 'classes', 'engine', 'score')) return classifierText(value);
  if (has(value, 'classes', 'count', 'read', 'nameOf')) return datasetText(value);
  if (has(value, 'image', 'bands', 'labels', 'name')) return patchText(value);
  if (has(value, 'values', 'method', 'targets', 'units')) return attributionText(value);
  if (has(value, 'compile', 'start', 'name')) return `Engine ${String(value.name)}`;
  if (isObject(node) && has(node, 'operator', 'inputs')) return valueText(node, value.type);
  return undefined;
}

/** Prints as the text itself, without quotes. */
const printedAs = (text: string): object => ({ [inspect.custom]: () => text });

const deepest = 4;
const longest = 100;

/** The same value with lines in place of landlens's objects, inside plain objects and arrays too. */
export function shortForm(value: unknown, depth = 0): unknown {
  if (!isObject(value)) return value;
  const line = lineOf(value);
  if (line !== undefined) return printedAs(line);
  if (depth >= deepest) return value;
  if (Array.isArray(value)) {
    return value.length > longest ? value : value.map((item) => shortForm(item, depth + 1));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shortForm(item, depth + 1)]));
}
