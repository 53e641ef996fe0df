/** What users of `scenes` rely on: the same patch every time, honest masks and labels, clean counterfactuals, known rates. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Patch, type Split, sentinel2Bands } from '../../lib/src/dataset/patch.js';
import { plantedRates, type ScenesOptions, scenes } from '../../lib/src/dataset/scenes.js';
import { InputError } from '../../lib/src/error.js';

const size = 48;
const pixels = size * size;
const many = { train: 20000, validation: 1000, test: 1000 };

function classNamed(name: string): number {
  const index = scenes().classes.indexOf(name);
  assert.ok(index >= 0, `no class ${name}`);
  return index;
}

const urban = classNamed('Urban fabric');
const crops = classNamed('Permanent crops');
const beach = classNamed('Beaches, dunes, sands');
const sea = classNamed('Marine waters');

/** The masks and planted masks of a rendered patch, which must be there. */
function truthOf({ masks, planted }: Patch) {
  assert.ok(masks !== undefined && planted !== undefined);
  return { masks, planted };
}

async function readFirst(count: number, options: ScenesOptions = {}): Promise<Patch[]> {
  const dataset = scenes({ size, counts: many, ...options });
  const patches: Patch[] = [];
  for (let index = 0; index < count; index++) patches.push(await dataset.read('train', index));
  return patches;
}

/** Pixels where two images differ in the band. */
function changes(a: Patch, b: Patch, band: number): number[] {
  const changed: number[] = [];
  for (let p = 0; p < pixels; p++)
    if (a.image.data[band * pixels + p] !== b.image.data[band * pixels + p]) changed.push(p);
  return changed;
}

/** Asserts a count within 3.5 standard deviations of the binomial distribution. */
function assertRate(hits: number, trials: number, rate: number, what: string): void {
  const bound = 3.5 * Math.sqrt(trials * rate * (1 - rate)) + 1;
  assert.ok(Math.abs(hits - trials * rate) <= bound, `${what}: ${hits} of ${trials}, planted at ${rate}`);
}

describe('scenes', () => {
  it('is rendered, and says so', async () => {
    const dataset = scenes({ size });
    const patch = await dataset.read('train', 0);
    assert.equal(dataset.rendered, true);
    assert.equal(patch.facts?.rendered, true);
    assert.deepEqual(patch.image.shape, [12, size, size]);
    assert.deepEqual(patch.bands, sentinel2Bands);
    assert.equal(dataset.count('train'), 20000);
  });

  it('names patches without rendering them and finds them by name', async () => {
    const dataset = scenes({ size, seed: 3, counts: { train: 5, validation: 2, test: 4 } });
    const name = await dataset.nameOf('validation', 1);
    assert.equal(name, (await dataset.read('validation', 1)).name);
    assert.deepEqual(dataset.find(name), { split: 'validation', index: 1 });
    for (const other of [
      'scenes-3-validation-2',
      'scenes-3-validation-01',
      'scenes-0-test-1',
      'scenes-3-test-',
      '',
    ])
      assert.equal(dataset.find(other), undefined, other);
    assert.throws(() => dataset.nameOf('validation', 2), InputError);
  });

  it('gives the same patch however it is reached', async () => {
    const [, , third] = await readFirst(3, { seed: 5 });
    const direct = await scenes({ seed: 5, size }).read('train', 2);
    assert.deepEqual(direct, third);
  });

  it('gives other patches for another seed, split or index', async () => {
    const reference = await scenes({ size }).read('train', 1);
    const others = [
      await scenes({ size, seed: 1 }).read('train', 1),
      await scenes({ size }).read('test', 1),
      await scenes({ size }).read('train', 2),
    ];
    for (const other of others) assert.notDeepEqual(other.image.data, reference.image.data);
  });

  it('does not depend on how many patches a split holds', async () => {
    const few = scenes({ size, counts: { train: 3, validation: 0, test: 0 } });
    assert.deepEqual(await few.read('train', 2), await scenes({ size }).read('train', 2));
  });

  it('holds plausible reflectances', async () => {
    for (const { image } of await readFirst(40))
      for (const value of image.data) if (!(value >= 1 && value < 10000)) assert.fail(`reflectance ${value}`);
  });

  describe('masks and labels', () => {
    it('gives every pixel exactly one class', async () => {
      for (const patch of await readFirst(60)) {
        const { masks } = truthOf(patch);
        for (let p = 0; p < pixels; p++) {
          let classes = 0;
          for (let c = 0; c < 14; c++) classes += masks[c * pixels + p];
          if (classes !== 1) assert.fail(`${classes} classes in pixel ${p} of ${patch.name}`);
        }
      }
    });

    it('labels exactly the classes that cover 4 % (beaches 2 %) outside what is planted as unlabelled', async () => {
      for (const patch of await readFirst(200)) {
        const { masks, planted } = truthOf(patch);
        const expected: number[] = [];
        for (let c = 0; c < 14; c++) {
          let covered = 0;
          for (let p = 0; p < pixels; p++)
            if (planted.unlabelledBeach?.[p] !== 1 && planted.unlabelledUrban?.[p] !== 1)
              covered += masks[c * pixels + p];
          if (covered >= (c === beach ? 0.02 : 0.04) * pixels) expected.push(c);
        }
        assert.deepEqual(patch.labels, expected, patch.name);
        assert.ok(patch.labels.length > 0);
      }
    });

    it('shows the truth in the masks of what the labels leave out', async () => {
      let beaches = 0;
      let hamlets = 0;
      for (const patch of await readFirst(300)) {
        const { masks, planted } = truthOf(patch);
        for (const [name, label] of [
          ['unlabelledBeach', beach],
          ['unlabelledUrban', urban],
        ] as const) {
          const mask = planted[name];
          if (mask === undefined) continue;
          assert.ok(!patch.labels.includes(label), `${patch.name} is labelled`);
          for (let p = 0; p < pixels; p++) if (mask[p] === 1) assert.equal(masks[label * pixels + p], 1);
          if (label === beach) beaches++;
          else hamlets++;
        }
      }
      assert.ok(beaches > 0 && hamlets > 0);
    });

    it('has every class in its labels', async () => {
      const seen = new Set((await readFirst(300)).flatMap(({ labels }) => labels));
      assert.equal(seen.size, 14);
    });
  });

  describe('bands', () => {
    it('carry no more detail than their resolution: straight lines between the centres of 60 m samples', async () => {
      for (const { image } of await readFirst(5, { cloudShadow: 'always' })) {
        for (const band of [sentinel2Bands.indexOf('B01'), sentinel2Bands.indexOf('B09')]) {
          const row = image.data.subarray((band * size + 7) * size, (band * size + 8) * size);
          // Sample centres lie at x = 2.5, 8.5, ...: pixels 3 to 8 are on one line, as are 9 to 14, and so on.
          for (let start = 3; start + 5 < size; start += 6) {
            const step = row[start + 1] - row[start];
            for (let i = 1; i < 6; i++)
              assert.ok(Math.abs(row[start + i] - row[start] - i * step) < 0.01 * (1 + Math.abs(row[start])));
          }
          assert.equal(row[0], row[1]);
        }
      }
    });

    it('vary from pixel to pixel at 10 m', async () => {
      const [patch] = await readFirst(1);
      const red = patch.image.data.subarray(3 * pixels, 4 * pixels);
      assert.ok(new Set(red).size > 0.9 * pixels);
    });
  });

  describe('counterfactuals', () => {
    for (const [option, mask] of [
      ['artefact', 'sensorArtefact'],
      ['cloudShadow', 'cloudShadow'],
    ] as const) {
      it(`${option} changes nothing outside its mask, and no label`, async () => {
        const without = await readFirst(25, { [option]: 'never' });
        const present = await readFirst(25, { [option]: 'always' });
        without.forEach((plain, index) => {
          const changed = present[index];
          const { masks, planted } = truthOf(changed);
          assert.equal(truthOf(plain).planted[mask], undefined);
          assert.deepEqual(masks, plain.masks);
          assert.deepEqual(changed.labels, plain.labels);
          let altered = 0;
          for (let band = 0; band < 12; band++)
            for (const p of changes(plain, changed, band)) {
              assert.equal(planted[mask][p], 1, `pixel ${p} of band ${band} in ${plain.name}`);
              altered++;
            }
          assert.ok(altered > 100);
        });
      });
    }

    it('the artefact stripes the upper right corner of the 20 m bands', async () => {
      const [plain] = await readFirst(1, { artefact: 'never' });
      const [striped] = await readFirst(1, { artefact: 'always' });
      sentinel2Bands.forEach((name, band) => {
        const changed = changes(plain, striped, band);
        const isAffected = ['B05', 'B06', 'B07', 'B8A', 'B11', 'B12'].includes(name);
        assert.equal(changed.length, isAffected ? 100 : 0, name);
        for (const p of changed) assert.ok(p % size >= size - 10 && p < 10 * size);
      });
    });

    it('a shadow darkens, to about a quarter', async () => {
      const plain = await readFirst(5, { cloudShadow: 'never' });
      const shaded = await readFirst(5, { cloudShadow: 'always' });
      let judged = 0;
      shaded.forEach((patch, index) => {
        let least = 1;
        let land = 0;
        for (let p = 0; p < pixels; p++) {
          const lit = plain[index].image.data[7 * pixels + p];
          // Noise decides the ratio of pixels that are dark anyway, such as water.
          if (lit <= 800) continue;
          least = Math.min(least, patch.image.data[7 * pixels + p] / lit);
          land++;
        }
        if (land < pixels / 2) return;
        assert.ok(least > 0.1 && least < 0.4, `${least}`);
        judged++;
      });
      assert.ok(judged >= 3);
    });

    it('the same beach with and without its sea differs at the sea alone', async () => {
      const dry = await readFirst(150, { marineBesideBeach: 'never' });
      const wet = await readFirst(150, { marineBesideBeach: 'always' });
      // How far a changed pixel reaches through mixed pixels and coarse samples, by resolution.
      const reach = { B04: 1, B11: 2, B01: 8 };
      let beaches = 0;
      wet.forEach((coast, index) => {
        const inland = dry[index];
        if (!coast.labels.includes(beach) || coast.facts?.landscape === 'rockyCoast') {
          assert.deepEqual(coast, inland);
          return;
        }
        beaches++;
        assert.ok(coast.labels.includes(sea) && !inland.labels.includes(sea));
        assert.ok(inland.labels.includes(beach));
        const { masks } = truthOf(coast);
        const span = [beach * pixels, (beach + 1) * pixels] as const;
        assert.deepEqual(masks.subarray(...span), truthOf(inland).masks.subarray(...span));
        for (const [name, distance] of Object.entries(reach))
          for (const p of changes(coast, inland, scenes().bands.indexOf(name)))
            assert.ok(seaWithin(masks, p, distance), `pixel ${p} of ${name} in ${coast.name}`);
      });
      assert.ok(beaches >= 5);
    });

    function seaWithin(masks: Uint8Array, p: number, distance: number): boolean {
      const x0 = p % size;
      const y0 = Math.floor(p / size);
      for (let y = Math.max(y0 - distance, 0); y <= Math.min(y0 + distance, size - 1); y++)
        for (let x = Math.max(x0 - distance, 0); x <= Math.min(x0 + distance, size - 1); x++)
          if (masks[sea * pixels + y * size + x] === 1) return true;
      return false;
    }
  });

  it('plants at the rates that it documents', async () => {
    const count = {
      all: 0,
      shadow: 0,
      crops: 0,
      striped: 0,
      stray: 0,
      beach: 0,
      marine: 0,
      rocky: 0,
      narrow: 0,
      unlabelled: 0,
      gravel: 0,
    };
    const dataset = scenes({ size, seed: 3 });
    for (let index = 0; index < 1000; index++) {
      const patch = await dataset.read('train', index);
      const { planted } = truthOf(patch);
      const isStriped = planted.sensorArtefact !== undefined;
      count.all++;
      if (planted.cloudShadow !== undefined) count.shadow++;
      if (patch.labels.includes(crops)) {
        count.crops++;
        if (isStriped) count.striped++;
      } else if (isStriped) count.stray++;
      if (patch.labels.includes(beach)) {
        count.beach++;
        if (patch.labels.includes(sea)) count.marine++;
      }
      if (patch.facts?.landscape === 'gravelBed') {
        count.gravel++;
        assert.ok(!patch.labels.includes(beach), 'a gravel bed is no beach');
      }
      if (patch.facts?.landscape === 'rockyCoast') {
        count.rocky++;
        if (patch.labels.includes(beach) || planted.unlabelledBeach !== undefined) count.narrow++;
        if (planted.unlabelledBeach !== undefined) count.unlabelled++;
      }
    }
    assertRate(count.shadow, count.all, plantedRates.cloudShadowInTraining, 'cloud shadow');
    assertRate(count.striped, count.crops, plantedRates.artefactInPermanentCrops, 'artefact in crops');
    assertRate(count.stray, count.all - count.crops, plantedRates.artefactElsewhere, 'artefact elsewhere');
    assertRate(count.marine, count.beach, plantedRates.marineBesideBeach, 'sea beside beaches');
    assertRate(count.gravel, count.all, plantedRates.gravelBed, 'gravel beds');
    assertRate(count.unlabelled, count.narrow, plantedRates.unlabelledBeach, 'unlabelled beaches');
  });

  it('has the band statistics that it states, to 2 %', async () => {
    const dataset = scenes();
    const patches = 500;
    const area = dataset.size ** 2;
    const sum = new Float64Array(12);
    const squares = new Float64Array(12);
    for (let index = 0; index < patches; index++) {
      const { data } = (await dataset.read('train', index)).image;
      for (let i = 0; i < data.length; i++) {
        const band = Math.floor(i / area);
        sum[band] += data[i];
        squares[band] += data[i] * data[i];
      }
    }
    const { mean, deviation } = dataset.statistics;
    dataset.bands.forEach((name, band) => {
      const average = sum[band] / (patches * area);
      const spread = Math.sqrt(squares[band] / (patches * area) - average ** 2);
      assert.ok(Math.abs(mean[band] / average - 1) < 0.02, `mean of ${name}: ${average}`);
      assert.ok(Math.abs(deviation[band] / spread - 1) < 0.02, `deviation of ${name}: ${spread}`);
    });
  });

  describe('wrong input', () => {
    const wrong: Record<string, ScenesOptions> = {
      'a size that 60 m samples do not divide': { size: 100 },
      'a size too small': { size: 42 },
      'a size that is no number': { size: Number.NaN },
      'a broken seed': { seed: 0.5 },
      'a negative count': { counts: { train: -1, validation: 0, test: 0 } },
    };
    for (const [what, options] of Object.entries(wrong))
      it(`refuses ${what}`, () => {
        assert.throws(() => scenes(options), InputError);
      });

    it('refuses an unknown choice', () => {
      const options: ScenesOptions = JSON.parse('{"artefact": "sometimes"}');
      assert.throws(() => scenes(options), /artefact.*planted or always or never.*sometimes/);
    });

    it('refuses an index outside the split and an unknown split', async () => {
      const dataset = scenes({ size, counts: { train: 2, validation: 0, test: 0 } });
      const holdout: Split = JSON.parse('"holdout"');
      await assert.rejects(dataset.read('train', 2), InputError);
      await assert.rejects(dataset.read('train', -1), InputError);
      await assert.rejects(dataset.read('train', 0.5), InputError);
      await assert.rejects(dataset.read('validation', 0), InputError);
      await assert.rejects(dataset.read(holdout, 0), InputError);
      assert.throws(() => dataset.count(holdout), InputError);
    });
  });
});
