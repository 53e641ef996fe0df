/** Damage to JSON by somebody who knows it: it stays JSON, and one value is another. */
import { concatenate, type Mutate } from './mutate.js';

const nested = (open: string, close: string): string => open.repeat(20_000) + close.repeat(20_000);

/** Values that readers go wrong at: of another kind, out of range, endless, or with names that JavaScript knows. */
const nastyValues: readonly string[] = [
  ...['null', 'true', '0', '-1', '0.5', '-0', '1e9', '2147483648', '9007199254740993', '1e308', '1e999'],
  ...['""', '[]', '{}', '[[1,2],[3,4]]', '[null]', '"\\ud800"', '"\\u0000"', '"\\u001b[2J\\n"'],
  ...['"../../secret"', '"/etc/passwd"', '"C:\\\\secret"', '"\\\\\\\\host\\\\share"', '"."', '"__proto__"'],
  ...['{"__proto__":{"length":1}}', '{"length":1e9}', '{"toString":1,"valueOf":1}', '{"constructor":null}'],
  `"${'x'.repeat(100_000)}"`,
  `[${'1,'.repeat(50_000)}1]`,
  nested('[', ']'),
  nested('{"a":', '}').replace('{}', '{"a":1}'),
];

/** One value of the text, or the whole, becomes a nasty one or is left out. */
function changeJson(text: string, pick: (count: number) => number): string {
  const value: unknown = JSON.parse(text);
  let count = 0;
  JSON.stringify(value, (_, inner) => {
    count++;
    return inner;
  });
  const [chosen, mark] = [pick(count), 'the value to change'];
  const isLeftOut = chosen > 0 && pick(10) === 0;
  let place = 0;
  const marked = JSON.stringify(value, (_, inner) =>
    place++ === chosen ? (isLeftOut ? undefined : mark) : inner,
  );
  return marked.replace(JSON.stringify(mark), () => nastyValues[pick(nastyValues.length)]);
}

/** Of files that hold one JSON value, or one on each line. */
export const jsonKinds: Readonly<Record<string, Mutate>> = {
  'a value of the JSON': (bytes, random) => {
    const text = new TextDecoder().decode(bytes);
    const pick = (count: number): number => random.integer(count);
    const lines = text.trimEnd().split('\n');
    const isLines = lines.length > 1 && lines.every((line) => /^\{.*\}$/.test(line));
    if (!isLines) return new TextEncoder().encode(changeJson(text, pick));
    const line = pick(lines.length);
    lines[line] = changeJson(lines[line], pick);
    return new TextEncoder().encode(`${lines.join('\n')}\n`);
  },
};

/** Of files whose first line is JSON, whatever follows. */
export const firstLineKinds: Readonly<Record<string, Mutate>> = {
  'a value of the first line': (bytes, random) => {
    const end = bytes.indexOf(0x0a);
    const line = changeJson(new TextDecoder().decode(bytes.subarray(0, end)), (count) =>
      random.integer(count),
    );
    return concatenate(new TextEncoder().encode(line), bytes.subarray(end));
  },
};
