/** Names of BigEarthNet patches, of both versions. */

/** For example S2A_MSIL2A_20170613T101031_87_48: satellite, product, sensing time, column and row in its tile. */
export function isPatchName(text: string): boolean {
  return /^S2[A-Z]_MSIL2A_\d{8}T\d{4,6}_\d{1,3}_\d{1,3}$/.test(text);
}

const idPattern =
  /^(S2[A-Z]_MSIL2A_(\d{4})(\d{2})(\d{2})T\d{6}_N\d{4}_R\d{3}_T\d{2}[A-Z]{3})_\d{1,3}_\d{1,3}$/;

export interface PatchId {
  /** The tile's folder. */
  readonly tile: string;
  /** For example 2017-06-13. */
  readonly acquisitionDate: string;
}

/**
 * The parts of a name of version 2, like S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_75_43; undefined for other texts.
 */
export function parsePatchId(text: string): PatchId | undefined {
  const [, tile, year, month, day] = idPattern.exec(text) ?? [];
  return tile === undefined ? undefined : { tile, acquisitionDate: `${year}-${month}-${day}` };
}
