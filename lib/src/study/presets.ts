/** How thoroughly each explanation is measured; the methods' own parameters live with the methods. */
import type { Preset } from '../attribution/methods.js';

export interface MeasurementSettings {
  /** Random neighbours of the image in Max-Sensitivity. */
  readonly draws: number;
  /** Half-width of their uniform noise, in network input units. */
  readonly radius: number;
  /** Share of the remaining pixels that each MoRF iteration removes. */
  readonly fraction: number;
  /** Timed explanations, of which the median counts; the programs are compiled before. */
  readonly repeats: number;
}

export const presetNames: readonly Preset[] = ['quick', 'efficient', 'paper'];

export const presets: Readonly<Record<Preset, MeasurementSettings>> = {
  quick: { draws: 3, radius: 0.02, fraction: 0.2, repeats: 1 },
  efficient: { draws: 10, radius: 0.02, fraction: 0.2, repeats: 3 },
  paper: { draws: 10, radius: 0.02, fraction: 0.2, repeats: 3 },
};
