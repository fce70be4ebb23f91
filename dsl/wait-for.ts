/** waitFor: tasks that wait for something outside of the pipeline, without a process or pod that waits. */
import { readWaitRequest } from '../api/read-wait.ts'
import { type RunEndState, WAIT_IMAGE, WAIT_INPUTS, WAIT_OUTPUTS, type WaitKind } from '../api/wait.ts'
import { readTemplate } from './arguments.ts'
import { createTask } from './create-task.ts'
import type { ComponentModel } from './graph.ts'
import { type CallSite, here } from './location.ts'
import type { ArtifactRef, ParameterRef } from './refs.ts'
import { currentScope, report } from './scope.ts'
import type { Task } from './task.ts'
import type { ArtifactType } from './types/artifacts.ts'
import { type AnyType, type OutputTypes, t } from './types/index.ts'
import type { Untyped } from './types/parameters.ts'

/** A value, or a reference that gives it when the run gets there. */
type Wired<T> = T | ParameterRef<T>

/** What every wait can be told. */
export interface WaitOptions {
  /** @default `wait-for-` and what it waits for, such as `wait-for-http` */
  readonly taskName?: string
  /** Longest wait, counted from the task's start, over all its attempts. @default the limit for tasks of the run, if it has one */
  readonly timeoutSeconds?: Wired<number>
  /** What becomes of the task when that time is up; after `skip`, what depends on it is skipped as well. @default 'fail' */
  readonly onTimeout?: Wired<'fail' | 'skip'> | ParameterRef<string>
}
/** Waits that look again and again. */
export interface PolledWaitOptions extends WaitOptions {
  /** Pause between two looks; a little more or less, and longer while nothing can be seen. @default 30 */
  readonly everySeconds?: Wired<number>
}
export interface TimeWaitOptions extends WaitOptions {
  /** RFC 3339 time with its zone, or a date (midnight in UTC). @default the start of the task */
  readonly at?: Wired<string>
  /** So much later. */
  readonly afterSeconds?: Wired<number>
}
export interface HttpWaitOptions extends PolledWaitOptions {
  readonly url: Wired<string>
  /** @default 'GET' */
  readonly method?: Wired<'GET' | 'HEAD' | 'POST'> | ParameterRef<string>
  readonly headers?: { readonly [name: string]: Wired<string> } | ParameterRef<{ readonly [name: string]: Untyped }>
  /** For POST. */
  readonly requestBody?: Wired<string>
  /** Statuses that will do. @default 200 to 299 */
  readonly status?: number | readonly Wired<number>[] | ParameterRef<readonly number[]>
  /**
   * CEL over `status`, `headers`, `text` and `json` that must hold as well.
   *
   * @example 'json.state == "done" && json.rows > 0'
   */
  readonly until?: Wired<string>
}
export interface ObjectWaitOptions<S extends string> extends PolledWaitOptions {
  /** Absolute path, `file://` or `s3://` URI of a file, or of a folder with something in it. */
  readonly uri: Wired<string>
  /** What the task's artifact is. @default t.artifact() */
  readonly type?: ArtifactType<S>
  /** @default 0 */
  readonly minBytes?: Wired<number>
  /** Nothing may have been written to it for so long. @default 0 */
  readonly stableSeconds?: Wired<number>
}
export interface ResourceWaitOptions extends PolledWaitOptions {
  /** Such as `v1` or `batch/v1`. */
  readonly apiVersion: Wired<string>
  readonly kind: Wired<string>
  readonly name$?: never
  readonly name: Wired<string>
  /** @default that of the run */
  readonly namespace?: Wired<string>
  /** A type in `status.conditions` that must be True, or `Type=Status`. @default it only has to exist */
  readonly condition?: Wired<string>
  /** CEL over `object` that must hold as well. */
  readonly until?: Wired<string>
}
export interface RunWaitOptions extends PolledWaitOptions {
  /** Id or name of the run. */
  readonly run?: Wired<string>
  /** Name of a pipeline: its run for `logicalDate` is waited for. */
  readonly pipeline?: Wired<string>
  readonly logicalDate?: Wired<string>
  /** How it has to end; another end fails the task. @default 'SUCCEEDED' */
  readonly state?: RunEndState | readonly RunEndState[]
}
export interface AliasWaitOptions extends PolledWaitOptions {
  readonly model: Wired<string>
  readonly alias: Wired<string>
  /** Least version. */
  readonly atLeast?: Wired<number>
  /** Any version but this one. */
  readonly changedFrom?: Wired<number>
}

type AnyStruct = { readonly [key: string]: Untyped }

/**
 * Waits until an instant, or for some time.
 *
 * @example
 * const night = waitFor.time({ at: end, afterSeconds: 2 * 3600 })
 * load({ day }).after(night)
 */
function time(options: TimeWaitOptions): Task<{ readonly time: ParameterRef<string> }> {
  const { at, afterSeconds, ...more } = options
  return wait('time', more, { at, after_seconds: afterSeconds }) as never
}

/**
 * Waits until an HTTP server gives the answer that is wanted.
 *
 * @example const ready = waitFor.http({ url, until: 'json.ready', everySeconds: 60, timeoutSeconds: 6 * 3600 })
 */
function http(options: HttpWaitOptions): Task<{
  readonly status: ParameterRef<number>
  readonly body: ParameterRef<string>
  readonly json: ParameterRef<AnyStruct>
}> {
  const { url, method, headers, requestBody, status, until, ...more } = options
  const statuses = typeof status === 'number' ? [status] : status
  return wait('http', more, { url, method, headers, request_body: requestBody, status: statuses, until }) as never
}

/**
 * Waits until a file, folder or object is there; gives it as an artifact, as `importer` does.
 *
 * @example train({ data: waitFor.object({ uri: 's3://landing/day.csv', type: t.dataset() }).outputs.artifact })
 */
function object<S extends string = 'system.Artifact'>(
  options: ObjectWaitOptions<S>,
): Task<{
  readonly artifact: ArtifactRef<S, false>
  readonly size: ParameterRef<number>
  readonly etag: ParameterRef<string>
}> {
  const { uri, type = t.artifact(), minBytes, stableSeconds, ...more } = options
  const artifact = { ...type, need: 'required', list: false } as const
  return wait('object', more, { uri, min_bytes: minBytes, stable_seconds: stableSeconds }, { artifact }) as never
}

/**
 * Waits until an object of the cluster exists and, where asked for, has a condition.
 *
 * @example waitFor.resource({ apiVersion: 'batch/v1', kind: 'Job', name: 'export', condition: 'Complete' })
 */
function resource(options: ResourceWaitOptions): Task<{ readonly object: ParameterRef<AnyStruct> }> {
  const { apiVersion, kind, name, namespace, condition, until, ...more } = options
  return wait('resource', more, { api_version: apiVersion, kind, name, namespace, condition, until }) as never
}

/**
 * Waits until another run has ended, and gives its outputs. It fails when that run ends otherwise.
 *
 * @example waitFor.run({ pipeline: 'clean', logicalDate: date })
 */
function run(options: RunWaitOptions): Task<{
  readonly id: ParameterRef<string>
  readonly state: ParameterRef<string>
  readonly outputs: ParameterRef<AnyStruct>
}> {
  const { run: wanted, pipeline, logicalDate, state, ...more } = options
  const states = typeof state === 'string' ? [state] : state
  return wait('run', more, { run: wanted, pipeline, logical_date: logicalDate, state: states }) as never
}

/**
 * Waits until an alias of a registered model points where it is wanted.
 *
 * @example waitFor.alias({ model: 'iris', alias: 'champion', changedFrom: before })
 */
function alias(options: AliasWaitOptions): Task<{ readonly version: ParameterRef<number> }> {
  const { model, alias: name, atLeast, changedFrom, ...more } = options
  return wait('alias', more, { model, alias: name, at_least: atLeast, changed_from: changedFrom }) as never
}

/** Tasks that wait without a pod; usable wherever a task is. */
export const waitFor = Object.freeze({ time, http, object, resource, run, alias })

/** The inputs that are given are those that the component has: each use is a component of its own size. */
function wait(
  kind: WaitKind,
  { taskName = `wait-for-${kind}`, timeoutSeconds, onTimeout, everySeconds, ...rest }: PolledWaitOptions,
  own: Readonly<Record<string, unknown>>,
  artifacts: OutputTypes = {},
): Task<Record<string, unknown>> {
  const site = here()
  const all = { ...own, every_seconds: everySeconds, timeout_seconds: timeoutSeconds, on_timeout: onTimeout, ...rest }
  const given = Object.entries(all).filter(([, value]) => value !== undefined)
  const types = Object.entries(WAIT_INPUTS[kind]).map(([input, type]) => [input, requiredOf(type)] as const)
  const names = new Set(given.map(([input]) => input))
  const parameters = Object.entries(WAIT_OUTPUTS[kind]).map(([output, type]) => [output, requiredOf(type)] as const)
  const model: ComponentModel = {
    name: taskName,
    inputs: Object.fromEntries(types.filter(([input]) => names.has(input))),
    outputs: { ...artifacts, ...Object.fromEntries(parameters) },
    implementation: { kind: 'container', image: WAIT_IMAGE, command: [], args: [kind] },
    site,
  }
  checkConstants(kind, taskName, given, site)
  const task = createTask(model, Object.fromEntries(given))
  return task.setCaching(false) as unknown as Task<Record<string, unknown>>
}

const requiredOf = (parameterType: (typeof WAIT_INPUTS)[WaitKind][string]): AnyType => ({
  kind: 'parameter',
  parameterType,
  need: 'required',
})

/** What the run would refuse is refused here, as far as it is known. */
function checkConstants(
  kind: WaitKind,
  name: string,
  given: readonly (readonly [string, unknown])[],
  site: CallSite,
): void {
  const open = given.filter(([, value]) => {
    const template = readTemplate(value)
    return !template.ok || template.refs
  })
  const read = readWaitRequest(kind, Object.fromEntries(given) as never, new Set(open.map(([input]) => input)))
  if (!('problems' in read)) return
  for (const problem of read.problems)
    report(currentScope('a wait'), {
      code: 'bad-wait',
      message: `waitFor.${kind} "${name}": ${problem}`,
      hint: 'docs/waiting.md lists what each wait takes',
      site,
    })
}
