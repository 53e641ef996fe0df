/** Damage to a list or table by somebody who knows it: its lines and cells. */
import type { Mutate } from './mutate.js';

/** Cells that readers go wrong at: paths that lead elsewhere, quotes that do not end, names that JavaScript knows. */
const nastyCells: readonly string[] = [
  ...['', ' ', '0', '1', '-1', '1e999', 'NaN', 'null', '=1+1', '__proto__', 'constructor', 'toString'],
  ...[
    '../secret.tif',
    '../../secret',
    '/etc/passwd',
    'C:\\secret',
    '\\\\host\\share',
    'images/../../secret.tif',
  ],
  ...[
    'images/./plain.tif',
    'images//plain.tif',
    '..',
    '.',
    '/',
    '~/secret',
    'file:///etc/passwd',
    '%2e%2e/secret',
  ],
  ...[
    '\0',
    'plain.tif\0.csv',
    '\u001b[2J',
    '\ufeff',
    '\u2028',
    '"',
    '""',
    '"a',
    'a"b',
    '"a\nb"',
    ';',
    ';;;',
    ',',
  ],
  ...['train', 'val', 'test', 'TRAIN', 'name', 'labels', 'split', 'x'.repeat(2_000_000), 'a;'.repeat(20_000)],
];

export const csvKinds: Readonly<Record<string, Mutate>> = {
  'a cell': (bytes, random) => {
    const lines = new TextDecoder().decode(bytes).split('\n');
    const line = random.integer(lines.length);
    const cells = lines[line].split(',');
    cells[random.integer(cells.length)] = random.pick(nastyCells);
    lines[line] = cells.join(',');
    return new TextEncoder().encode(lines.join('\n'));
  },
  'lines and columns': (bytes, random) => {
    const lines = new TextDecoder().decode(bytes).split('\n');
    const [from, to] = [random.integer(lines.length), random.integer(lines.length)];
    const change = random.integer(5);
    if (change === 0) lines.splice(from, 1);
    else if (change === 1) lines.splice(to, 0, lines[from]);
    else if (change === 2) [lines[from], lines[to]] = [lines[to], lines[from]];
    else if (change === 3) lines[from] += ','.repeat(1 + random.integer(100_000));
    else return new TextEncoder().encode(lines.join(random.pick(['\r', '\r\n', '\n\n', ';', '\0'])));
    return new TextEncoder().encode(lines.join('\n'));
  },
};
