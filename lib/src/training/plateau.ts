/**
 * Learning rate reduced on a plateau of the validation loss, early stopping, and the best weights (section 2.3 of the
 * paper).
 */

export interface Plateau {
  /** Factor by which the learning rate is reduced. */
  readonly factor: number;
  /** Checks without improvement after which the rate is reduced. */
  readonly patience: number;
  /** Relative improvement of the loss that counts as one, 0 to 1. */
  readonly threshold: number;
  /** The rate never falls below this. */
  readonly leastRate: number;
  /** Checks since the lowest loss after which the training ends. */
  readonly stopAfter: number;
}

/** PyTorch's defaults, where it has them. */
export const defaultPlateau: Plateau = {
  factor: 0.1,
  patience: 3,
  threshold: 1e-4,
  leastRate: 1e-6,
  stopAfter: 10,
};

export interface PlateauState {
  readonly rate: number;
  /** Position of the lowest loss, the first of equals; -1 before the first check. */
  readonly best: number;
  /** Whether the training ends here. */
  readonly isOver: boolean;
}

/**
 * Rate and end of a training from the losses of its checks alone, so that an interrupted training needs only its
 * history. The rate is that of PyTorch's `ReduceLROnPlateau` (mode "min", threshold_mode "rel", no cooldown).
 */
export function followPlateau(losses: readonly number[], rate: number, plateau: Plateau): PlateauState {
  let reference = Number.POSITIVE_INFINITY;
  let bad = 0;
  let best = -1;
  let present = rate;
  for (const [i, loss] of losses.entries()) {
    if (best < 0 || loss < losses[best]) best = i;
    if (loss < reference * (1 - plateau.threshold)) {
      reference = loss;
      bad = 0;
    } else bad++;
    if (bad > plateau.patience) {
      present = Math.max(present * plateau.factor, Math.min(present, plateau.leastRate));
      bad = 0;
    }
  }
  return { rate: present, best, isOver: losses.length - 1 - best >= plateau.stopAfter };
}
