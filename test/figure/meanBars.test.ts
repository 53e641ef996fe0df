import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { meanBars } from '../../lib/src/figure/meanBars.js';

describe('meanBars', () => {
  const figure = meanBars(
    [
      {
        title: 'Hits <share>',
        reference: { value: 2, label: 'chance' },
        values: [
          [[1, 3], []],
          [[4], [5, 6, 7]],
        ],
      },
    ],
    { title: 'Hits', categories: ['First', 'Second'], series: ['a', 'b'] },
  );

  it('draws the mean of each category’s values as a bar and the values as dots', () => {
    const drawn = figure.data.map(({ type, x, y }) => ({ type, x, y }));
    assert.deepEqual(drawn, [
      { type: 'bar', x: [2], y: [-0.2] },
      { type: 'scatter', x: [1, 3], y: [-0.2, -0.2] },
      { type: 'bar', x: [4, 6], y: [0.2, 1.2] },
      { type: 'scatter', x: [4, 5, 6, 7], y: [0.2, 1.2, 1.2, 1.2] },
    ]);
  });

  it('shows zero and the reference beside all values, and escapes text', () => {
    const { range, title } = figure.layout.xaxis as { range: [number, number]; title: { text: string } };
    assert.ok(range[0] < 0 && range[1] > 7);
    assert.equal(title.text, 'Hits &lt;share&gt;');
  });

  it('stays drawable without any value', () => {
    const empty = meanBars([{ title: 'x', values: [[[]]] }], {
      title: 'none',
      categories: ['First'],
      series: ['a'],
    });
    const { range } = empty.layout.xaxis as { range: [number, number] };
    assert.ok(range[0] < range[1]);
  });
});
