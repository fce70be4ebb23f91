/** Where a task or group, as a member of one dag, gets a value from: the IR's `inputs` entries. */
import type { TaskInputArtifactSpec, TaskInputParameterSpec } from '../../api/pipeline-spec.ts'
import { type GroupNode, groupKey } from '../../dsl/graph.ts'
import type { AnyRef, ParameterRef } from '../../dsl/refs.ts'
import { baseOf, channelName, fieldSelector, producerGroup, surfacedName } from './channels.ts'
import { homeOf, producerPlace } from './plan.ts'
import { topOf } from './topology.ts'

/** Source of a parameter inside the dag of `group`. */
export function parameterSource(ref: ParameterRef, group: GroupNode): TaskInputParameterSpec {
  const { base, keys } = baseOf(ref)
  const selector = keys.length === 0 ? {} : { parameterExpressionSelector: fieldSelector(keys) }
  const place = siblingPlace(base, group)
  if (place)
    return { taskOutputParameter: { producerTask: place.producer, outputParameterKey: place.key }, ...selector }
  return { componentInputParameter: inputName(base, group), ...selector }
}

/** Source of an artifact inside the dag of `group`. */
export function artifactSource(ref: AnyRef, group: GroupNode): TaskInputArtifactSpec {
  const place = siblingPlace(ref, group)
  if (place) return { taskOutputArtifact: { producerTask: place.producer, outputArtifactKey: place.key } }
  return { componentInputArtifact: inputName(ref, group) }
}

/** The sibling that makes the value, when it is made in this very dag. */
export function siblingPlace(
  ref: AnyRef,
  group: GroupNode,
): { readonly producer: string; readonly key: string } | undefined {
  const { source } = ref
  if (homeOf(ref, group) !== group) return undefined
  if (source.from === 'task' || source.from === 'one-of') return producerPlace(ref)
  if (source.from !== 'collected') return undefined
  const top = topOf(producerGroup(source.of), group)
  return { producer: groupKey(top), key: surfacedName(source.of) }
}

/** Name of the dag's own input that carries the value. The root has its inputs under their own names. */
function inputName(ref: AnyRef, group: GroupNode): string {
  if (ref.source.from === 'input' && group.kind === 'root') return ref.source.name
  return channelName(ref, group)
}
