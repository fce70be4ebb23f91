/** A compiled pipeline as a part of another one. */
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { Part } from './build.ts'

export function documentPart(document: PipelineDocument): Part {
  const { spec, platform } = document
  return {
    root: spec.root,
    components: spec.components ?? {},
    executors: spec.deploymentSpec.executors ?? {},
    platform: platform?.platforms.kubernetes?.deploymentSpec?.executors ?? {},
  }
}
