/** landlens: explain land-cover classifiers, and check the explanation. */

import './notebook/inKernel.js';

export * from './analysis/coOccurrence.js';
export * from './analysis/correlation.js';
export * from './analysis/evaluate.js';
export * from './analysis/missingLabels.js';
export * from './analysis/plantedBiases.js';
export * from './analysis/scoredImages.js';
export * from './attribution/attribution.js';
export * from './attribution/attribution.js';
export type { Baseline } from './attribution/baseline.js';
export * from './attribution/deepLift.js';
export {
  type BindOptions,
  bindMethods,
  type ExplainedTarget,
  type Explanation,
  explain,
} from './attribution/explain.js';
export * from './attribution/explainLargeImage.js';
export { type GradCamOptions, gradCam } from './attribution/gradCam.js';
export * from './attribution/graphMethod.js';
export * from './attribution/guidedBackpropagation.js';
export * from './attribution/guidedGradCam.js';
export * from './attribution/inputXGradient.js';
export * from './attribution/integratedGradients.js';
export * from './attribution/lime.js';
export * from './attribution/methods.js';
export * from './attribution/occlusion.js';
export * from './attribution/reduce.js';
export * from './attribution/saliency.js';
export * from './attribution/slic.js';
export * from './attribution/smoothGrad.js';
export { studiedMethod, studiedMethods } from './attribution/studiedMethods.js';
export {
  type BandStatisticsOptions,
  bandStatistics,
  type StatisticsProgress,
  statisticsFile,
} from './dataset/bandStatistics.js';
export * from './dataset/bigEarthNet/superClasses.js';
export { openBigEarthNet } from './dataset/bigEarthNet.js';
export { type BigEarthNet2Options, openBigEarthNet2 } from './dataset/bigEarthNet2.js';
export { maskOf, maskShare } from './dataset/classMask.js';
export type { FolderOptions } from './dataset/folder/description.js';
export { openFolder } from './dataset/folder.js';
export { openDataset, parseDataset } from './dataset/openDataset.js';
export { type PackOptions, type PackResult, packDataset } from './dataset/packed/pack.js';
export { openPacked, type PackedOptions, verifyPacked } from './dataset/packed.js';
export * from './dataset/patch.js';
export { type GeoTiff, type OpenGeoTiff, openGeoTiff, readWholeGeoTiff } from './dataset/raster/geoTiff.js';
export { type GeoTiffPatchOptions, readGeoTiffPatch } from './dataset/raster/geoTiffPatch.js';
export {
  createGeoTiff,
  encodeGeoTiff,
  type GeoTiffSink,
  writeGeoTiff,
} from './dataset/raster/geoTiffWriter.js';
export * from './dataset/raster/largeImage.js';
export type { PixelWindow } from './dataset/raster/tiffLayout.js';
export * from './dataset/raster/tiles.js';
export * from './dataset/readAhead.js';
export type { SavedStatistics } from './dataset/savedStatistics.js';
export * from './dataset/scenes.js';
export { openSen12ms, type Sen12msOptions } from './dataset/sen12ms.js';
export * from './engine/engine.js';
export * from './engine/engines.js';
export { createEngine, type OnnxRuntimeOptions } from './engine/onnxRuntime.js';
export * from './engine/tensorFlow.js';
export * from './error.js';
export * from './figure/bandComposite.js';
export { bandGrid } from './figure/bandGrid.js';
export * from './figure/classMap.js';
export * from './figure/colour.js';
export * from './figure/groundMap.js';
export * from './figure/mapPanels.js';
export * from './figure/patchPicture.js';
export * from './figure/plotly.js';
export { renderPng, renderSvg } from './figure/staticImage.js';
export * from './figure/theme.js';
export * from './figure/trainingCurves.js';
export { differentiate } from './graph/differentiate.js';
export * from './graph/onnx/read.js';
export * from './graph/onnx/write.js';
export { projectFolder } from './io/projectFolder.js';
export * from './metric/classification/classification.js';
export * from './metric/classification/decision.js';
export * from './metric/complexity/computationTime.js';
export * from './metric/complexity/fileSize.js';
export * from './metric/faithfulness/imputeNearest.js';
export * from './metric/faithfulness/morf.js';
export * from './metric/faithfulness/ranking.js';
export * from './metric/localisation/classDiscrimination.js';
export * from './metric/localisation/localisation.js';
export * from './metric/robustness/maxSensitivity.js';
export * from './model/classifier.js';
export * from './model/classifierFile.js';
export * from './model/classMatch.js';
export { defaultModel } from './model/defaultModel.js';
export { denseNet, denseNet121 } from './model/denseNet.js';
export { type FeatureLayer, featureLayers } from './model/featureLayer.js';
export { resNet, resNet50 } from './model/resNet.js';
export { readNetwork, type StoredNetwork } from './model/safetensorsFile.js';
export * from './notebook/findImage.js';
export * from './notebook/openNotebook.js';
export * from './notebook/openStudy.js';
export { showProgress } from './notebook/progress.js';
export * from './notebook/show.js';
export * from './notebook/table.js';
export { withProgress } from './progress.js';
export * from './random.js';
export { findPaperCases, readCase, writeCase } from './study/caseStudy.js';
export { readMap } from './study/maps.js';
export { measureMethod, measureRandom } from './study/measure.js';
export * from './study/paper/paperCases.js';
export * from './study/paper/paperClassification.js';
export * from './study/paper/paperTables.js';
export { presets } from './study/presets.js';
export * from './study/recordRows.js';
export { openRecords, randomBaseline, type StudyFacts, type StudyRecord } from './study/records.js';
export { runStudy } from './study/run.js';
export * from './study/selection.js';
export { chooseImages, chooseTarget, readSubject, type Subject } from './study/subject.js';
export * from './study/summary.js';
export { describeContext } from './study/tables.js';
export * from './tensor.js';
export * from './training/fit.js';
export * from './training/history.js';
export * from './training/plateau.js';
export * from './training/pretrained.js';
export * from './training/recipe.js';
