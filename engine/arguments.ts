/** Arguments of a run: checked before it starts, read from text for command lines, and turned into the inputs of the root. */
import { closest } from '../api/closest.ts'
import type { RuntimeArtifact } from '../api/executor-io.ts'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { ArtifactInputSpec, ParameterType } from '../api/pipeline-spec.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { convertValue, describe, readOutputText } from './convert-value.ts'
import { canonicalJson } from './digest.ts'
import type { ComponentPlan, Program } from './program.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { TaskError } from './task-error.ts'
import type { RunConfig } from './types.ts'

type Arguments = Readonly<Record<string, JsonValue>>

/**
 * All that is wrong with the arguments of a run. An input artifact takes a URI, or `{ "uri", "metadata"? }`, or a list of these.
 *
 * @returns no issues when the run can start
 */
export function checkArguments(program: Program, args: Arguments): Issue[] {
  const root = program.tasks[0]!.component
  const { parameters = {}, artifacts = {} } = root.spec.inputDefinitions ?? {}
  const names = [...Object.keys(parameters), ...Object.keys(artifacts)]
  const issues: Issue[] = []
  for (const name of Object.keys(args)) {
    if (names.includes(name)) continue
    const near = closest(name, names)
    const hint = near ? `did you mean "${near}"?` : `its parameters: ${names.sort().join(', ') || 'none'}`
    issues.push(issue('unknown-parameter', name, `the pipeline has no parameter "${name}"`, hint))
  }
  for (const name of Object.keys(parameters)) issues.push(...checkParameter(root, name, args[name]))
  for (const name of Object.keys(artifacts)) issues.push(...checkArtifact(name, artifacts[name]!, args[name]))
  return issues
}

function checkParameter(root: ComponentPlan, name: string, value: JsonValue | undefined): Issue[] {
  const { isOptional, defaultValue, literals } = root.spec.inputDefinitions!.parameters![name]!
  const type = root.parameterTypes.get(name)
  if (type === 'TASK_FINAL_STATUS')
    return [issue('wrong-type', name, `"${name}" is a final status, which a pipeline can't take`, 'remove it')]
  if (value === undefined || value === null) {
    if (isOptional || defaultValue !== undefined) return []
    return [issue('missing-parameter', name, `the parameter "${name}" (${type}) is required`, 'give it a value')]
  }
  if (!fitsExactly(value, type))
    return [
      issue('wrong-type', name, `the parameter "${name}" takes a ${type} and got ${describe(value)}`, hintFor(type)),
    ]
  if (!literals?.length || literals.some((one) => canonicalJson(one) === canonicalJson(value))) return []
  const allowed = literals.map((one) => JSON.stringify(one)).join(', ')
  return [issue('not-allowed', name, `the parameter "${name}" got ${describe(value)}`, `allowed are ${allowed}`)]
}

/** Arguments are never read as text of another type: what is sent is what is meant. */
function fitsExactly(value: JsonValue, type: ParameterType | undefined): boolean {
  if (type === 'STRING') return typeof value === 'string'
  if (type === 'NUMBER_INTEGER') return typeof value === 'number' && Number.isInteger(value)
  if (typeof value === 'string' && type !== undefined) return false
  return 'value' in convertValue(value, type)
}

function checkArtifact(name: string, { isOptional }: ArtifactInputSpec, value: JsonValue | undefined): Issue[] {
  const hint = `give the artifact's URI`
  if (value === undefined || value === null)
    return isOptional ? [] : [issue('missing-parameter', name, `the input artifact "${name}" is required`, hint)]
  if (listOf(value).every((one) => uriOf(one) !== undefined)) return []
  return [issue('wrong-type', name, `the input artifact "${name}" got ${describe(value)}`, hint)]
}

/** URIs of the input artifacts among the arguments, for who can read them before the run begins (`RunConfig.argumentDigests`). */
export function argumentUris({ spec }: PipelineDocument, args: Arguments): string[] {
  const given = Object.keys(spec.root.inputDefinitions?.artifacts ?? {}).flatMap((name) => listOf(args[name] ?? []))
  return given.flatMap((one) => uriOf(one) ?? [])
}

const listOf = (value: JsonValue): readonly JsonValue[] => (Array.isArray(value) ? value : [value])

function uriOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value
  const uri = typeof value === 'object' && value !== null ? (value as JsonObject)['uri'] : undefined
  return typeof uri === 'string' ? uri : undefined
}

function issue(code: string, name: string, message: string, hint: string): Issue {
  return { code, severity: 'error', path: name, message, hint }
}

function hintFor(type: ParameterType | undefined): string {
  switch (type) {
    case 'NUMBER_INTEGER':
      return 'give a whole number, such as 5'
    case 'NUMBER_DOUBLE':
      return 'give a number, such as 0.5'
    case 'BOOLEAN':
      return 'give true or false'
    case 'LIST':
      return 'give a JSON list, such as [1, 2]'
    case 'STRING':
      return 'give a text'
    default:
      return 'give a JSON object, such as {"a": 1}'
  }
}

/**
 * Reads the text of an argument by the declared type: `5`, `true`, `[1, 2]`. STRING is taken as it is.
 *
 * @throws InvalidInputError when the text does not hold the type
 */
export function coerceArgument(type: ParameterType, text: string): JsonValue {
  const read = readOutputText(text, type)
  if ('value' in read && fitsExactly(read.value, type)) return read.value
  throw new InvalidInputError([issue('wrong-type', '', `it takes a ${type} and got "${text}"`, hintFor(type))])
}

/**
 * Parameters as a schedule's texts and events gave them, in the declared types: "7" for an integer is 7, and 0.75 for a text "0.75".
 * What does not fit stays as it is; checkArguments tells.
 */
export function fitParameters(document: PipelineDocument, args: Arguments): Record<string, JsonValue> {
  const declared = document.spec.root.inputDefinitions?.parameters ?? {}
  const fitted = Object.entries(args).flatMap(([name, value]): [string, JsonValue][] => {
    if (value === undefined) return []
    const type = Object.hasOwn(declared, name) ? declared[name]!.parameterType : undefined
    if (type === 'STRING' && value !== null && typeof value !== 'string') return [[name, JSON.stringify(value)]]
    if (typeof value !== 'string' || type === undefined || type === 'STRING') return [[name, value]]
    const read = readOutputText(value, type)
    return [[name, 'value' in read && fitsExactly(read.value, type) ? read.value : value]]
  })
  return Object.fromEntries(fitted)
}

/**
 * What the root graph sees: arguments, and defaults of those not given.
 *
 * @throws TaskError when a required one is missing or one does not fit
 */
export function resolveRootInputs(program: Program, config: RunConfig): ResolvedInputs {
  const { arguments: args, argumentDigests = {} } = config
  const root = program.tasks[0]!.component
  const { parameters: declared = {}, artifacts: declaredArtifacts = {} } = root.spec.inputDefinitions ?? {}
  const parameters: Record<string, JsonValue> = {}
  for (const name of Object.keys(declared)) {
    const value = args[name] ?? declared[name]!.defaultValue
    if (value === undefined || value === null) {
      if (declared[name]!.isOptional) continue
      throw new TaskError('missing-input', `the pipeline's parameter "${name}" is required and was not given`)
    }
    const converted = convertValue(value, root.parameterTypes.get(name))
    if ('problem' in converted)
      throw new TaskError('wrong-type', `the pipeline's parameter "${name}": ${converted.problem}`)
    parameters[name] = converted.value
  }
  const artifacts: Record<string, readonly RuntimeArtifact[]> = {}
  for (const [name, { artifactType }] of Object.entries(declaredArtifacts)) {
    const value = args[name]
    if (value === undefined || value === null) continue
    artifacts[name] = listOf(value).map((one) => {
      const uri = uriOf(one) ?? ''
      const metadata = ((one as JsonObject)['metadata'] as JsonObject | undefined) ?? {}
      const digest = Object.hasOwn(argumentDigests, uri) ? argumentDigests[uri] : undefined
      return { name, type: artifactType, uri, metadata, ...(digest === undefined ? {} : { digest }) }
    })
  }
  return { parameters, artifacts }
}
