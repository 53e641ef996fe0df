/** landlens: explain land-cover classifiers, and check the explanation. The names of daily use; the rest by folder (landlens/graph, landlens/metric, …). */

import './notebook/inKernel.js';

export { coOccurrence } from './analysis/coOccurrence.js';
export { type Correlation, fisherInterval, pearson, spearman } from './analysis/correlation.js';
export { evaluate } from './analysis/evaluate.js';
export { scoreImages } from './analysis/scoredImages.js';
export {
  type Attribution,
  createExplain,
  type Explain,
  type Method,
  type Reduction,
  type Target,
  type Targets,
} from './attribution/attribution.js';
export type { Baseline } from './attribution/baseline.js';
export { type DeepLiftOptions, deepLift } from './attribution/deepLift.js';
export { bindMethods, type ExplainOptions, type Explanation, explain } from './attribution/explain.js';
export { explainLargeImage } from './attribution/explainLargeImage.js';
export { fade } from './attribution/fade.js';
export { type GradCamOptions, gradCam } from './attribution/gradCam.js';
export { graphMethod, type MethodParts } from './attribution/graphMethod.js';
export {
  deconvolution,
  type GuidedOptions,
  guidedBackpropagation,
} from './attribution/guidedBackpropagation.js';
export { guidedGradCam } from './attribution/guidedGradCam.js';
export { inputXGradient } from './attribution/inputXGradient.js';
export { type IntegratedGradientsOptions, integratedGradients } from './attribution/integratedGradients.js';
export { type LimeOptions, lime } from './attribution/lime.js';
export { type MethodDefinition, methods, type Preset } from './attribution/methods.js';
export { type OcclusionOptions, occlusion } from './attribution/occlusion.js';
export { relevance, relevanceError } from './attribution/reduce.js';
export { type SaliencyOptions, saliency } from './attribution/saliency.js';
export { slic } from './attribution/slic.js';
export { type SmoothGradOptions, smoothGrad } from './attribution/smoothGrad.js';
export {
  type SmoothIntegratedGradientsOptions,
  smoothIntegratedGradients,
} from './attribution/smoothIntegratedGradients.js';
export type { Uncertainty } from './attribution/uncertainty.js';
export { bandStatistics } from './dataset/bandStatistics.js';
export { superClassOf } from './dataset/bigEarthNet/labels.js';
export { openBigEarthNet } from './dataset/bigEarthNet.js';
export { openBigEarthNet2 } from './dataset/bigEarthNet2.js';
export { maskOf, maskShare } from './dataset/classMask.js';
export { openFolder } from './dataset/folder.js';
export { openDataset } from './dataset/openDataset.js';
export { packDataset } from './dataset/packed/pack.js';
export { openPacked } from './dataset/packed.js';
export { type Dataset, type Georeference, type Patch, type Split, sentinel2Bands } from './dataset/patch.js';
export { readWholeGeoTiff } from './dataset/raster/geoTiff.js';
export { readGeoTiffPatch } from './dataset/raster/geoTiffPatch.js';
export { writeGeoTiff } from './dataset/raster/geoTiffWriter.js';
export { type LargeImage, openLargeImage } from './dataset/raster/largeImage.js';
export { scenes } from './dataset/scenes.js';
export { openSen12ms } from './dataset/sen12ms.js';
export type { Engine } from './engine/engine.js';
export { openEngine } from './engine/engines.js';
export { createEngine } from './engine/onnxRuntime.js';
export { InputError } from './error.js';
export { paintComposite } from './figure/bandComposite.js';
export { bandGrid } from './figure/bandGrid.js';
export { classMap } from './figure/classMap.js';
export { groundMap } from './figure/groundMap.js';
export { mapPanels, type Panel } from './figure/mapPanels.js';
export { paintPatch } from './figure/patchPicture.js';
export { renderPng, renderSvg } from './figure/staticImage.js';
export { palette } from './figure/theme.js';
export { trainingCurves } from './figure/trainingCurves.js';
export { differentiate } from './graph/differentiate.js';
export { readOnnx } from './graph/onnx/read.js';
export { writeOnnx } from './graph/onnx/write.js';
export { projectFolder } from './io/projectFolder.js';
export { type ClassificationMetrics, classificationMetrics } from './metric/classification/classification.js';
export { decisionThreshold, isPredicted } from './metric/classification/decision.js';
export { computationTime } from './metric/complexity/computationTime.js';
export { fileSize } from './metric/complexity/fileSize.js';
export { imputeNearest } from './metric/faithfulness/imputeNearest.js';
export {
  areaUnderCurve,
  type MorfCurve,
  morf,
  morfCurve,
  type PerturbationCurve,
  perturbationSteps,
} from './metric/faithfulness/morf.js';
export { randomBlockRelevance, randomRelevance, relevanceRanking } from './metric/faithfulness/ranking.js';
export { mapSimilarity, maskContrast } from './metric/localisation/classDiscrimination.js';
export { type Localisation, localisation } from './metric/localisation/localisation.js';
export { type Metric, type MetricId, metrics } from './metric/metrics.js';
export { type MaxSensitivityOptions, maxSensitivity } from './metric/robustness/maxSensitivity.js';
export type { Classifier } from './model/classifier.js';
export { openClassifier } from './model/classifierFile.js';
export { indexOfClass } from './model/classMatch.js';
export { createClassifier } from './model/createClassifier.js';
export { defaultModel } from './model/defaultModel.js';
export { denseNet121 } from './model/denseNet.js';
export { featureLayers } from './model/featureLayer.js';
export { resNet50 } from './model/resNet.js';
export { readNetwork } from './model/safetensorsFile.js';
export { findImage } from './notebook/findImage.js';
export { claim, openNetwork, openNotebook } from './notebook/openNotebook.js';
export { openStudy } from './notebook/openStudy.js';
export { showProgress } from './notebook/progress.js';
export { show, showTable, showText } from './notebook/show.js';
export { withProgress } from './progress.js';
export { createRandom } from './random.js';
export { readCase, writeCase } from './study/caseStudy.js';
export { paperCases } from './study/paper/paperCases.js';
export { paperTable1, paperTable2, paperTableS1, paperTableS2 } from './study/paper/paperClassification.js';
export { paperTable3, paperTableS3 } from './study/paper/paperTables.js';
export { presets } from './study/presets.js';
export { type RecordRow, recordRows } from './study/recordRows.js';
export { openRecords, type StudyRecord } from './study/records.js';
export { runStudy } from './study/run.js';
export { chooseImages, chooseTarget, readSubject } from './study/subject.js';
export { type StudySummary, summarise } from './study/summary.js';
export { rows, stack, type Tensor, tensor, zeros } from './tensor.js';
export { fit } from './training/fit.js';
export { readTrainingHistory } from './training/history.js';
