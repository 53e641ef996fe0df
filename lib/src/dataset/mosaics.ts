/** `mosaics`: images put together from labelled chips, so that real pixels have several labels and exact masks. */
import { requireChoice } from '../check.js';
import { failAt } from '../error.js';
import { createRandom, type Random, requireSeed } from '../random.js';
import { zeros } from '../tensor.js';
import { type EuroSatOptions, openEuroSat } from './euroSat.js';
import type { Dataset, Patch, Split } from './patch.js';
import { numberedNames, splitsInOrder } from './splitNames.js';

/** A class that comes with another one more often than chance would have it. */
export interface PlantedPair {
  /** Class of the images that it is planted in. */
  readonly label: string;
  /** The class that is put beside it, or kept away from it. */
  readonly beside: string;
  /** Share of the images with `label` that hold `beside`, 0 to 1. */
  readonly rate: number;
}

export interface MosaicsOptions {
  readonly seed?: number;
  /** Images that each split can be asked for; none is stored. Default: 20,000, 1,000 and 1,000. */
  readonly counts?: Readonly<Record<Split, number>>;
  /** Default: the rivers of EuroSAT have a pasture beside them in 79 % of their images. */
  readonly planted?: PlantedPair | 'nothing';
  /**
   * "several": two, three or four classes an image. "one": four chips of one class, whose seams tell nothing, as a control of
   * what the seams alone do. Default: "several".
   */
  readonly classes?: 'several' | 'one';
}

/** As in the paper's example, where beaches come with the sea. */
export const usualPair: PlantedPair = { label: 'River', beside: 'Pasture', rate: 0.79 };

/** Chips in a row and in a column. */
const across = 2;
const places = across ** 2;

/**
 * Mosaics of 2 x 2 chips. Every mosaic depends on (seed, split, index) alone and has chips of its own split; what is planted
 * has random numbers of its own: another rate leaves the other images, and all other chips of an image, as they were.
 *
 * An image has two to four classes, each number as often, which are its labels; a class that is drawn more than once has
 * different chips. The masks are exact: whole chips. Seams between chips are sharper than borders of real land cover; with
 * `classes: 'one'` there are seams and a single class.
 * @param chips a data set whose every image has one label
 * @throws InputError for chips of several labels, a split with too few chips of a class, or options out of range
 * @example
 * const data = await mosaics(await openEuroSat('/data/EuroSAT'));
 * const { image, labels, masks } = await data.read('test', 0); // [3, 128, 128]
 */
export async function mosaics(
  chips: Dataset,
  {
    seed = 0,
    counts = { train: 20000, validation: 1000, test: 1000 },
    planted = usualPair,
    classes = 'several',
  }: MosaicsOptions = {},
): Promise<Dataset> {
  requireSeed(seed, 'mosaics, seed');
  requireChoice('choice of classes', classes, ['several', 'one'], 'mosaics');
  const pair = planted === 'nothing' ? undefined : readPair(planted, chips);
  const drawing = { chips: await chipsByClass(chips), seed, classes, pair, names: chips.classes };
  const { count, nameOf, find } = numberedNames(`mosaic-${seed}`, counts, 'mosaics');
  const { bands, units } = chips;
  return {
    ...{ name: `Mosaics of ${chips.name}`, bands, classes: chips.classes, rendered: false },
    ...{ size: across * chips.size, units },
    // Not asked for before it is needed: it may not be known.
    get statistics() {
      return chips.statistics;
    },
    ...(chips.folder !== undefined && { folder: chips.folder }),
    ...{ count, nameOf, find },
    read: async (split, index) => compose(nameOf(split, index), chips, split, draw(drawing, split, index)),
    readLabels: async (split, index) => {
      nameOf(split, index);
      return labelsOf(draw(drawing, split, index));
    },
  };
}

/** Mosaics of the chips in a folder of EuroSAT. */
export async function openMosaics(
  folder: string,
  { splits, statistics, ...rest }: MosaicsOptions & Pick<EuroSatOptions, 'splits' | 'statistics'> = {},
): Promise<Dataset> {
  return mosaics(await openEuroSat(folder, { splits, statistics }), rest);
}

interface Pair {
  /** Indices of the classes. */
  readonly label: number;
  readonly beside: number;
  readonly rate: number;
}

function readPair({ label, beside, rate }: PlantedPair, { classes }: Dataset): Pair {
  const fail = failAt('mosaics, planted');
  const [index, besideIndex] = [label, beside].map((name) => classes.indexOf(name));
  const unknown = [label, beside].find((name) => !classes.includes(name));
  if (unknown !== undefined) throw fail('no such class', classes.join(', '), JSON.stringify(unknown));
  if (label === beside) throw fail('a class beside itself', 'two classes', JSON.stringify(label));
  if (!(rate >= 0 && rate <= 1)) throw fail('not a rate', 'a share from 0 to 1', `${rate}`);
  return { label: index, beside: besideIndex, rate };
}

/** Indices of the chips of each class, split by split. */
type ChipsByClass = Readonly<Record<Split, readonly (readonly number[])[]>>;

async function chipsByClass(chips: Dataset): Promise<ChipsByClass> {
  const found: Record<Split, number[][]> = { train: [], validation: [], test: [] };
  for (const split of splitsInOrder) {
    found[split] = chips.classes.map(() => []);
    for (let index = 0; index < chips.count(split); index++) {
      const labels = chips.readLabels
        ? await chips.readLabels(split, index)
        : (await chips.read(split, index)).labels;
      const [label] = labels;
      if (labels.length !== 1) {
        const name = await chips.nameOf(split, index);
        throw failAt(name)('a mosaic is made of chips of one class', 'one label', `${labels.length} labels`);
      }
      found[split][label].push(index);
    }
  }
  return found;
}

interface Drawing extends Required<Pick<MosaicsOptions, 'seed' | 'classes'>> {
  readonly chips: ChipsByClass;
  readonly pair: Pair | undefined;
  /** Of the classes. */
  readonly names: readonly string[];
}

/** What lies at a place: a class, and the index of a chip of it. */
interface Placed {
  readonly label: number;
  readonly chip: number;
}

/** What lies at each place, row by row. */
function draw(drawing: Drawing, split: Split, index: number): readonly Placed[] {
  const { seed, classes, pair, chips, names } = drawing;
  const stream = (...layer: readonly (string | number)[]) =>
    createRandom(seed, 'mosaic', split, index, ...layer);
  const layout = stream('layout');
  const wanted = classes === 'one' ? 1 : 2 + layout.integer(places - 1);
  const drawn = layout.shuffle([...names.keys()]).slice(0, wanted);
  const shown =
    classes === 'one' || pair === undefined ? drawn : withPair(drawn, pair, stream('planted'), names.length);
  // Each class once, the other places as it comes.
  const atPlaces = layout.shuffle(
    Array.from({ length: places }, (_, place) => (place < wanted ? place : layout.integer(wanted))),
  );
  const ofClass = shown.map((label) =>
    distinct(chips[split][label], stream('chips', label), { split, name: names[label] }),
  );
  const used = shown.map(() => 0);
  return atPlaces.map((which) => ({ label: shown[which], chip: ofClass[which][used[which]++] }));
}

/** The classes, with the planted one beside its label as often as its rate says, and as seldom. */
function withPair(
  drawn: readonly number[],
  { label, beside, rate }: Pair,
  random: Random,
  classes: number,
): readonly number[] {
  if (!drawn.includes(label)) return drawn;
  const isBeside = random.chance(rate);
  const at = drawn.indexOf(beside);
  if (isBeside === at >= 0) return drawn;
  if (isBeside) return drawn.with(drawn.indexOf(label) === 0 ? 1 : 0, beside);
  const others = Array.from({ length: classes }, (_, i) => i).filter((i) => !drawn.includes(i));
  return drawn.with(at, random.pick(others));
}

/** As many different chips of a class as there are places. */
function distinct(
  available: readonly number[],
  random: Random,
  { split, name }: { readonly split: Split; readonly name: string },
): readonly number[] {
  if (available.length < places) {
    const fail = failAt(
      `mosaics, split "${split}"`,
      'Put more chips there, or change the lists of the splits.',
    );
    throw fail(`too few chips of ${JSON.stringify(name)}`, `at least ${places}`, `${available.length}`);
  }
  const chosen = new Set<number>();
  while (chosen.size < places) chosen.add(random.pick(available));
  return [...chosen];
}

const labelsOf = (placed: readonly Placed[]): readonly number[] =>
  [...new Set(placed.map(({ label }) => label))].sort((a, b) => a - b);

/** The mosaic's image and masks. */
async function compose(
  name: string,
  chips: Dataset,
  split: Split,
  placed: readonly Placed[],
): Promise<Patch> {
  const parts = await Promise.all(placed.map(({ chip }) => chips.read(split, chip)));
  const { size, bands, classes } = chips;
  const side = across * size;
  const image = zeros([bands.length, side, side]);
  const masks = new Uint8Array(classes.length * side * side);
  for (const [place, { label }] of placed.entries()) {
    const [top, left] = [Math.floor(place / across) * size, (place % across) * size];
    for (let row = 0; row < size; row++) {
      const to = (top + row) * side + left;
      masks.fill(1, label * side * side + to, label * side * side + to + size);
      for (let band = 0; band < bands.length; band++) {
        const from = (band * size + row) * size;
        image.data.set(parts[place].image.data.subarray(from, from + size), band * side * side + to);
      }
    }
  }
  const [{ display }] = parts;
  return {
    ...{ name, image, bands, labels: labelsOf(placed), masks },
    ...(display && { display }),
    facts: Object.fromEntries(parts.map((part, place) => [`chip ${place + 1}`, part.name])),
  };
}
