/** `--param k=v` and `--params-file` become arguments of a pipeline, by its declared types. */
import { resolve } from 'node:path'
import type { Argv } from 'yargs'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { checkArguments, coerceArgument, type Program, prepare } from '../engine/index.ts'
import { usageIssue } from './errors.ts'
import { readInput } from './pipeline-file.ts'

export interface ArgumentOptions {
  readonly params: readonly string[]
  readonly paramsFile?: string | undefined
  /** Of an earlier run; those that the pipeline has no longer are left out, and said on stderr. */
  readonly earlier?: Readonly<Record<string, JsonValue>> | undefined
  /** Folder that the paths of input artifacts start from; a cluster takes whole URIs only. */
  readonly artifactsFrom?: string
}

/** The options that every command has which starts a pipeline from a file. */
export function withParameterOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('param', {
      alias: 'p',
      type: 'string',
      array: true,
      default: [],
      describe: 'Parameter NAME=VALUE, repeatable',
    })
    .option('params-file', { type: 'string', describe: 'YAML or JSON file of parameters' })
    .option('pipeline', { type: 'string', describe: 'Which pipeline of a module that exports several' })
}

/**
 * `--param` wins over the file.
 *
 * @throws InvalidInputError with all problems: unknown names, texts that don't fit their type, missing values
 */
export async function readArguments(
  document: PipelineDocument,
  options: ArgumentOptions,
): Promise<Record<string, JsonValue>> {
  const program = prepare(document)
  const issues: Issue[] = []
  const fromFile = options.paramsFile === undefined ? {} : await readParamsFile(options.paramsFile)
  const args: Record<string, JsonValue> = {
    ...stillTaken(document, options.earlier ?? {}),
    ...withWholePaths(document, fromFile, options.artifactsFrom),
  }
  for (const text of options.params) {
    const equals = text.indexOf('=')
    if (equals < 1) {
      issues.push(usageIssue('wrong-parameter', `--param ${text}: a parameter is given as NAME=VALUE`))
      continue
    }
    const name = text.slice(0, equals)
    try {
      const value = coerceByName(document, name, text.slice(equals + 1))
      Object.assign(args, withWholePaths(document, { [name]: value }, options.artifactsFrom))
    } catch (error) {
      issues.push(...issuesOf(error, name))
    }
  }
  const failed = new Set(issues.map(({ path }) => path))
  issues.push(...checkArguments(program as Program, args).filter(({ path }) => !failed.has(path)))
  if (issues.some(({ severity }) => severity === 'error')) throw new InvalidInputError(issues)
  return args
}

function stillTaken(
  { spec }: PipelineDocument,
  earlier: Readonly<Record<string, JsonValue>>,
): Record<string, JsonValue> {
  const { parameters = {}, artifacts = {} } = spec.root.inputDefinitions ?? {}
  const [kept, gone] = [{} as Record<string, JsonValue>, [] as string[]]
  for (const [name, value] of Object.entries(earlier)) {
    if (name in parameters || name in artifacts) kept[name] = value
    else gone.push(name)
  }
  if (gone.length > 0) process.stderr.write(`the pipeline takes no ${gone.join(', ')} any more: left out\n`)
  return kept
}

/** A step starts in a folder of its own, where `data.csv` would mean something else than on the command line. */
function withWholePaths(
  { spec }: PipelineDocument,
  given: Readonly<Record<string, JsonValue>>,
  folder: string | undefined,
): Readonly<Record<string, JsonValue>> {
  if (folder === undefined) return given
  const whole = (uri: string) => (/^[a-z][a-z\d+.-]*:\/\//i.test(uri) ? uri : resolve(folder, uri))
  const wholeValue = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return whole(value)
    if (Array.isArray(value)) return value.map(wholeValue)
    if (typeof value !== 'object' || value === null) return value
    const { uri } = value as JsonObject
    return typeof uri === 'string' ? { ...value, uri: whole(uri) } : value
  }
  const isArtifact = (name: string) => Object.hasOwn(spec.root.inputDefinitions?.artifacts ?? {}, name)
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, isArtifact(name) ? wholeValue(value) : value]),
  )
}

function coerceByName(document: PipelineDocument, name: string, text: string): JsonValue {
  const parameter = document.spec.root.inputDefinitions?.parameters?.[name]
  // An unknown name is reported by checkArguments, with the names that exist.
  return parameter?.parameterType ? coerceArgument(parameter.parameterType, text) : text
}

function issuesOf(error: unknown, name: string): readonly Issue[] {
  if (error instanceof InvalidInputError)
    return error.issues.map((issue) => ({ ...issue, message: `--param ${name}: ${issue.message}` }))
  throw error
}

async function readParamsFile(file: string): Promise<Record<string, JsonValue>> {
  const text = (await readInput(file)).toString('utf8')
  const { load } = await import('js-yaml')
  const problem = (message: string) =>
    new InvalidInputError([
      {
        ...usageIssue('wrong-params-file', message, 'write one "name: value" a line, or a JSON object'),
        location: { file },
      },
    ])
  let content: unknown
  try {
    content = load(text)
  } catch (error) {
    throw problem(`it is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw problem('it must hold an object of parameters')
  return content as Record<string, JsonValue>
}
