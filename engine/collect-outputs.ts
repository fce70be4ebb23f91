/** What a step wrote becomes its outputs, by their declared types (kfp-ir.md 3.3). */
import type { ExecutorOutput, RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import { convertValue, parseJson, readOutputText } from './convert-value.ts'
import type { AttemptFailure, Launch } from './types.ts'

/** What an attempt left behind, as text; absent files are undefined. */
export interface FoundOutputs {
  /** Content of `launch.executorInput.outputs.outputFile`. */
  readonly executorOutput?: string | undefined
  /** Contents of the files of `launch.outputs.parameters`, by output name. */
  readonly parameterFiles: Readonly<Record<string, string | undefined>>
}

/**
 * The executor output wins over parameter files. Every declared parameter must have been written; artifacts count as written.
 *
 * @returns a failure of cause `application` that names all outputs which are missing or don't have their type
 */
export function collectOutputs(
  launch: Launch,
  found: FoundOutputs,
): { readonly outputs: TaskOutputs } | { readonly failure: AttemptFailure } {
  const written = readExecutorOutput(found.executorOutput)
  if (!written) return fail([`its executor output is no JSON object: ${found.executorOutput?.slice(0, 80)}`])
  const parameters: Record<string, JsonValue> = {}
  const problems: string[] = []
  for (const [name, { parameterType }] of Object.entries(launch.outputs.parameters)) {
    const value = written.parameterValues?.[name]
    const text = found.parameterFiles[name]
    if ((value === undefined || value === null) && text === undefined) {
      problems.push(`it did not write its output "${name}" (${parameterType})`)
      continue
    }
    const given = value !== undefined && value !== null
    const read = given ? convertValue(value, parameterType) : readOutputText(text!, parameterType)
    if ('value' in read) parameters[name] = read.value
    else problems.push(`its output "${name}" (${parameterType}): ${read.problem}`)
  }
  if (problems.length > 0) return fail(problems)
  return { outputs: { parameters, artifacts: readArtifacts(launch, written) } }
}

function fail(problems: readonly string[]): { readonly failure: AttemptFailure } {
  return { failure: { cause: 'application', message: problems.join('; ') } }
}

function readExecutorOutput(text: string | undefined): ExecutorOutput | undefined {
  if (text === undefined || text.trim() === '') return {}
  const value = parseJson(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ExecutorOutput) : undefined
}

/** A component may move an artifact (`uri`, `custom_path`) and add to its metadata. */
function readArtifacts({ outputs, executorInput }: Launch, written: ExecutorOutput): TaskOutputs['artifacts'] {
  const artifacts: Record<string, RuntimeArtifact[]> = {}
  for (const [name, { type, uri }] of Object.entries(outputs.artifacts)) {
    const given = written.artifacts?.[name]?.artifacts?.[0]
    const declared = executorInput.outputs.artifacts?.[name]?.artifacts[0]?.metadata
    const customPath = given?.customPath ?? given?.custom_path
    artifacts[name] = [
      {
        name: given?.name || name,
        type,
        uri: given?.uri || uri,
        metadata: { ...declared, ...given?.metadata },
        ...(customPath ? { customPath } : {}),
      },
    ]
  }
  return artifacts
}
