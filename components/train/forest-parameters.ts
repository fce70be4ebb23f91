/** The parameters of a train step as options of the forest. Pure. */
import type { ForestOptions } from '../forest/train-forest.ts'

/** Parameters by the names that pipelines use. */
export interface ForestParameters {
  readonly trees: number
  /** 0 stands for "no limit", because a number parameter cannot be absent. */
  readonly max_depth: number
  readonly max_features: string
  readonly min_samples_split: number
  readonly min_samples_leaf: number
  readonly seed: number
}

export function forestOptions(parameters: ForestParameters): ForestOptions {
  const { trees, max_depth, max_features, min_samples_split, min_samples_leaf, seed } = parameters
  const count = Number(max_features)
  return {
    trees,
    ...(max_depth > 0 ? { maxDepth: max_depth } : {}),
    // A wrong word is refused by the forest itself, with the words that it knows.
    maxFeatures: Number.isFinite(count) && max_features !== '' ? count : (max_features as 'sqrt'),
    minSamplesSplit: min_samples_split,
    minSamplesLeaf: min_samples_leaf,
    seed,
  }
}
