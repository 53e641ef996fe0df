/** The panels of explained classes: the image, where the class truly is, and the maps of the methods. */

import type { ClassifiedImage, ShownClass } from '../analysis/competingClasses.js';
import type { ExplainedClass } from '../analysis/explainClass.js';
import type { ClassMaps } from '../attribution/explainClasses.js';
import { paintMask } from './colour.js';
import type { Panel } from './mapPanels.js';
import { paintPatch } from './patchPicture.js';

/** The image in true colour. */
export function picturePanel(
  { patch }: Pick<ClassifiedImage, 'patch'>,
  title = 'True colour',
): Panel & { readonly width: number; readonly height: number } {
  const [, height, width] = patch.image.shape;
  return { title, width, height, picture: patch };
}

/** The image, dark outside the true mask of the class; as it is where the mask is not known. */
export function maskPanel(image: Pick<ClassifiedImage, 'patch'>, { name, mask }: ShownClass): Panel {
  const panel = picturePanel(image, `${name}, ${mask ? 'true mask' : 'mask not known'}`);
  if (mask === undefined) return panel;
  const { width } = panel;
  return { ...panel, picture: paintMask(paintPatch(image.patch).pixels, mask, width) };
}

/**
 * The image, the class's true mask, and one map per method with its Max-Sensitivity in brackets, as in the paper.
 * @param overlay lays the maps over the image
 */
export function methodPanels(
  { image, shown, explanations }: ExplainedClass,
  { overlay = false }: { readonly overlay?: boolean } = {},
): Panel[] {
  const picture = picturePanel(image);
  const { width, height } = picture;
  return [
    picture,
    maskPanel(image, shown),
    ...explanations.map(({ method, map, maxSensitivity }) => {
      const title = `${method.name} (${maxSensitivity.toFixed(2)})`;
      return { ...(overlay ? picture : { width, height }), title, map };
    }),
  ];
}

/** The true masks of the classes, then the maps of each method, one column per class. */
export function competingPanels(image: ClassifiedImage, explained: readonly ClassMaps[]): Panel[] {
  const { width, height } = picturePanel(image);
  return [
    ...image.classes.map((shown) => maskPanel(image, shown)),
    ...explained.flatMap(({ method, maps }) =>
      maps.map((map, i) => {
        const title = `${method.name}: ${image.classes[i].name}`;
        return { title, width, height, map, method: method.id };
      }),
    ),
  ];
}
