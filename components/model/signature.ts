/** What a model takes and gives, by column: the words of MLflow's model signatures, so that registries and servers can show it. Pure. */
import type { PreprocessingPlan } from '../preprocess/plan.ts'

export interface SignatureColumn {
  readonly name: string
  readonly type: 'double' | 'string'
  readonly required: boolean
}
export interface ModelSignature {
  readonly inputs: readonly SignatureColumn[]
  readonly outputs: readonly SignatureColumn[]
}

/** With preprocessing a model takes raw columns, where gaps are allowed; without, its features as they are. */
export function modelSignature(
  target: string,
  features: readonly string[],
  preprocessing: PreprocessingPlan | undefined,
): ModelSignature {
  return {
    inputs: preprocessing
      ? preprocessing.columns.map(({ kind, name }) => ({
          name,
          type: kind === 'numeric' ? 'double' : 'string',
          required: false,
        }))
      : features.map((name) => ({ name, type: 'double', required: true })),
    outputs: [{ name: target, type: 'string', required: true }],
  }
}
