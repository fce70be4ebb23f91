/** Is what was seen what a task waits for? Pure: executors only look, this decides, and says in a sentence what it saw. */
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../api/json.ts'
import type {
  AliasWait,
  HttpWait,
  LookedAt,
  ObjectWait,
  ResourceWait,
  RunWait,
  Sight,
  WaitRequest,
} from '../api/wait.ts'
import { evaluateUntil } from './condition.ts'
import { parseJson } from './convert-value.ts'
import { timeText } from './run-constants.ts'
import type { AttemptFailure, Instant, Wait } from './types.ts'

export type WaitVerdict =
  | { readonly verdict: 'met'; readonly outputs: TaskOutputs }
  | { readonly verdict: 'failed'; readonly failure: AttemptFailure }
  /** `message` is a sentence about what was seen. */
  | { readonly verdict: 'waiting'; readonly message: string }

type SightOf<K extends Sight['kind']> = Extract<Sight, { kind: K }>
type Judged =
  | { readonly met: Readonly<Record<string, JsonValue>> }
  | { readonly waiting: string }
  | { readonly failed: string }

/** @param now for objects that must have been left alone for some time */
export function judgeWait({ request, outputs }: Wait, sight: Sight, now: Instant): WaitVerdict {
  const what = describeWait(request)
  if (sight.kind === 'unchanged') return { verdict: 'waiting', message: `${what} has not changed` }
  if (sight.kind === 'trouble') return { verdict: 'waiting', message: `${what} can't be seen: ${sight.message}` }
  if (sight.kind === 'refused')
    return { verdict: 'failed', failure: { cause: 'configuration', message: `${what}: ${sight.message}` } }
  const judged = judge(request, sight, now)
  if ('waiting' in judged) return { verdict: 'waiting', message: `${what} ${judged.waiting}` }
  if ('failed' in judged)
    return { verdict: 'failed', failure: { cause: 'application', message: `${what} ${judged.failed}` } }
  const parameters = Object.fromEntries(
    Object.entries(judged.met).filter(([name]) => outputs.parameters.includes(name)),
  )
  return { verdict: 'met', outputs: { parameters, artifacts: artifactsOf(request, sight, outputs) } }
}

function judge(request: LookedAt, sight: Sight, now: Instant): Judged {
  switch (request.kind) {
    case 'http':
      return judgeHttp(request, sight as SightOf<'http'>)
    case 'object':
      return judgeObject(request, sight as SightOf<'object'>, now)
    case 'resource':
      return judgeResource(request, sight as SightOf<'resource'>)
    case 'run':
      return judgeRun(request, sight as SightOf<'run'>)
    case 'alias':
      return judgeAlias(request, sight as SightOf<'alias'>)
  }
}

function judgeHttp({ statuses, until }: HttpWait, { status, headers, text }: SightOf<'http'>): Judged {
  const fits = statuses.length > 0 ? statuses.includes(status) : status >= 200 && status <= 299
  if (!fits) return { waiting: `answered ${status}` }
  const json = parseJson(text)
  const problem = until && whyNot(until, { status, headers, text, json: json ?? null })
  if (problem) return { waiting: `answered ${status}, and ${problem}` }
  return { met: { status, body: text, json: isJsonObject(json) ? json : {} } }
}

function judgeObject(request: ObjectWait, { found }: SightOf<'object'>, now: Instant): Judged {
  if (!found) return { waiting: 'does not exist' }
  const { bytes, etag, modifiedAt } = found
  if (bytes < request.minBytes) return { waiting: `has ${bytes} of at least ${request.minBytes} bytes` }
  if (now - modifiedAt < request.stableMillis)
    return { waiting: `has ${bytes} bytes and was written to less than ${request.stableMillis / 1000} s ago` }
  return { met: { size: bytes, etag } }
}

function judgeResource({ condition, until }: ResourceWait, { object }: SightOf<'resource'>): Judged {
  if (!object) return { waiting: 'does not exist' }
  const problem = (condition && conditionProblem(condition, object)) || (until && whyNot(until, { object }))
  return problem ? { waiting: `exists, and ${problem}` } : { met: { object } }
}

/** As `kubectl wait --for=condition=` reads it: a type, whose status is to be True, or `Type=Status`. */
function conditionProblem(wanted: string, { status }: JsonObject): string | undefined {
  const [type = '', value = 'True'] = wanted.split('=')
  const conditions = isJsonObject(status) && Array.isArray(status['conditions']) ? status['conditions'] : []
  const found = (conditions as readonly JsonValue[]).filter(isJsonObject).find((one) => same(one['type'], type))
  if (!found) return `has no condition ${type}`
  if (same(found['status'], value)) return undefined
  const message = typeof found['message'] === 'string' && found['message'] !== '' ? ` (${found['message']})` : ''
  return `its condition ${type} is ${found['status']}${message}`
}

const same = (one: JsonValue | undefined, other: string): boolean =>
  typeof one === 'string' && one.toLowerCase() === other.toLowerCase()

function judgeRun({ states }: RunWait, { run }: SightOf<'run'>): Judged {
  if (!run) return { waiting: 'does not exist' }
  if ((states as readonly string[]).includes(run.state))
    return { met: { id: run.id, state: run.state, outputs: run.outputs } }
  const isOver = ['SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED'].includes(run.state)
  if (!isOver) return { waiting: `is ${run.state}` }
  return { failed: `ended ${run.state}, not ${states.join(' or ')}${run.error ? `: ${run.error}` : ''}` }
}

function judgeAlias({ atLeast = 0, changedFrom }: AliasWait, { version }: SightOf<'alias'>): Judged {
  if (version === undefined) return { waiting: 'does not exist' }
  if (version < atLeast) return { waiting: `is version ${version}, and at least ${atLeast} is wanted` }
  if (version === changedFrom) return { waiting: `is still version ${version}` }
  return { met: { version } }
}

/** Why an expression does not hold; undefined when it does. What it can't be applied to yet is no mistake. */
function whyNot(until: string, variables: Readonly<Record<string, JsonValue>>): string | undefined {
  const result = evaluateUntil(until, variables)
  if (result === true) return undefined
  return result === false ? `${until} does not hold` : `${until} can't be applied to it: ${result}`
}

function artifactsOf(request: LookedAt, sight: Sight, { artifact }: Wait['outputs']): TaskOutputs['artifacts'] {
  if (request.kind !== 'object' || sight.kind !== 'object' || !artifact) return {}
  const { name, type, metadata } = artifact
  const { bytes, etag } = sight.found!
  const made: RuntimeArtifact = { name, type, uri: request.uri, metadata: { ...metadata, size: bytes, etag } }
  return { [name]: [made] }
}

/** The object of the sentence "it waits for …". */
export function describeWait(request: WaitRequest): string {
  switch (request.kind) {
    case 'time':
      return request.at === undefined ? `${request.afterMillis / 1000} s` : timeText(request.at + request.afterMillis)
    case 'http':
      return `${request.method} ${withoutQuery(request.url)}`
    case 'object':
      return request.uri
    case 'resource':
      return `${request.resourceKind} ${request.namespace ? `${request.namespace}/` : ''}${request.name}`
    case 'run':
      return request.run === undefined
        ? `the run of ${request.pipeline} for ${timeText(request.logicalDate!)}`
        : `run ${request.run}`
    case 'alias':
      return `alias ${request.model}@${request.alias}`
  }
}

/** Queries hold tokens often enough. */
const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '')
