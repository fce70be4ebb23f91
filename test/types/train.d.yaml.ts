// Written by "kfp-ts generate" from train.yaml. Run it again when that file changes; do not edit.
import type { ArtifactType, Component, ParameterType } from 'kfp-ts'

type Inputs = {
  /** rows */
  readonly data: ArtifactType<'system.Dataset', 'required', false>
  readonly note: ParameterType<string, 'optional'>
  /** @default 100 */
  readonly trees: ParameterType<number, 'defaulted'>
}

type Outputs = {
  readonly accuracy: ParameterType<number, 'required'>
  readonly model: ArtifactType<'system.Model', 'required', false>
}

/** Trains a model. */
declare const component: Component<Inputs, Outputs>
export default component
