/** Data sets, patches and rasters. */
export {
  type BandStatisticsOptions,
  bandStatistics,
  type StatisticsProgress,
} from './bandStatistics.js';
export { type SuperClass, superClasses, superClassOf } from './bigEarthNet/labels.js';
export { openBigEarthNet } from './bigEarthNet.js';
export { type BigEarthNet2Options, openBigEarthNet2 } from './bigEarthNet2.js';
export { maskOf, maskShare } from './classMask.js';
export { type EuroSatOptions, euroSatClasses, openEuroSat } from './euroSat.js';
export type { FolderOptions } from './folder/description.js';
export { openFolder } from './folder.js';
export { type MosaicsOptions, mosaics, openMosaics, type PlantedPair } from './mosaics.js';
export { openDataset, parseDataset } from './openDataset.js';
export { type PackOptions, type PackResult, packDataset } from './packed/pack.js';
export { openPacked, type PackedOptions, verifyPacked } from './packed.js';
export * from './patch.js';
export { type GeoTiff, type OpenGeoTiff, openGeoTiff, readWholeGeoTiff } from './raster/geoTiff.js';
export { type GeoTiffPatchOptions, readGeoTiffPatch } from './raster/geoTiffPatch.js';
export {
  createGeoTiff,
  encodeGeoTiff,
  type GeoTiffSink,
  writeGeoTiff,
} from './raster/geoTiffWriter.js';
export * from './raster/largeImage.js';
export type { PixelWindow } from './raster/tiffLayout.js';
export * from './raster/tiles.js';
export * from './readAhead.js';
export { type SavedStatistics, statisticsFile } from './savedStatistics.js';
export * from './scenes.js';
export { openSen12ms, type Sen12msOptions } from './sen12ms.js';
