/** Which values and which declared types fit together; used by the checks of defaults and wires. */
import type { JsonValue } from '../json.ts'
import type { ArtifactTypeSchema, ParameterType } from '../pipeline-spec.ts'
import { hasKind, isSystemType } from '../value-kind.ts'

/** Does a JSON value have the declared type? Text with placeholders fits everywhere: it is filled in later. */
export function hasType(value: JsonValue, type: ParameterType): boolean {
  if (value === null || (typeof value === 'string' && value.includes('{{$'))) return true
  return isSystemType(type) || hasKind(value, type)
}

const NUMBERS: readonly ParameterType[] = ['NUMBER_INTEGER', 'NUMBER_DOUBLE']
const OBJECTS: readonly ParameterType[] = ['STRUCT', 'TASK_FINAL_STATUS', 'TASK_CONFIG']

/** May a value of type `from` go into an input of type `to`? Everything may become text. */
export function mayFlow(from: ParameterType, to: ParameterType): boolean {
  if (from === to || to === 'STRING') return true
  return [NUMBERS, OBJECTS].some((group) => group.includes(from) && group.includes(to))
}

/** The compiler's rule for artifacts: same title and major version, or one side is the general artifact. */
export function mayFlowArtifact(from: ArtifactTypeSchema | undefined, to: ArtifactTypeSchema | undefined): boolean {
  const given = from?.schemaTitle
  const wanted = to?.schemaTitle
  if (given === undefined || wanted === undefined) return true
  if (given === 'system.Artifact' || wanted === 'system.Artifact') return true
  return given === wanted && major(from?.schemaVersion) === major(to?.schemaVersion)
}

function major(version: string | undefined): string {
  return (version ?? '0').split('.')[0]!
}
