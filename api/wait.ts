/**
 * Tasks that wait without a pod: the image that marks them, what each kind takes and gives, and what a task's values mean.
 * The names are those of the component's inputs in the IR (docs/waiting.md). Before: dsl/wait-for.ts or hand-written IR.
 */
import type { JsonObject } from './json.ts'
import type { ParameterType } from './pipeline-spec.ts'

/** Image of an executor whose only argument is the kind: nothing is ever pulled. */
export const WAIT_IMAGE = 'kfp-ts/wait'

export const WAIT_KINDS = ['time', 'http', 'object', 'resource', 'run', 'alias'] as const
export type WaitKind = (typeof WAIT_KINDS)[number]

/** Images that stand for something that is done without a pod. */
export function isPodless(image: string): boolean {
  return image === WAIT_IMAGE || image.startsWith('argostub/')
}

/** Inputs that every kind knows. */
const COMMON = { timeout_seconds: 'NUMBER_DOUBLE', on_timeout: 'STRING' } as const
const POLLED = { ...COMMON, every_seconds: 'NUMBER_DOUBLE' } as const

/** Inputs by kind; which of them are needed is said by `readWaitRequest`. */
export const WAIT_INPUTS: Readonly<Record<WaitKind, Readonly<Record<string, ParameterType>>>> = {
  time: { at: 'STRING', after_seconds: 'NUMBER_DOUBLE', ...COMMON },
  http: {
    url: 'STRING',
    method: 'STRING',
    headers: 'STRUCT',
    request_body: 'STRING',
    status: 'LIST',
    until: 'STRING',
    ...POLLED,
  },
  object: { uri: 'STRING', min_bytes: 'NUMBER_INTEGER', stable_seconds: 'NUMBER_DOUBLE', ...POLLED },
  resource: {
    api_version: 'STRING',
    kind: 'STRING',
    name: 'STRING',
    namespace: 'STRING',
    condition: 'STRING',
    until: 'STRING',
    ...POLLED,
  },
  run: { run: 'STRING', pipeline: 'STRING', logical_date: 'STRING', state: 'LIST', ...POLLED },
  alias: { model: 'STRING', alias: 'STRING', at_least: 'NUMBER_INTEGER', changed_from: 'NUMBER_INTEGER', ...POLLED },
}

/** Output parameters by kind. `object` has an output artifact as well, of any name and type. */
export const WAIT_OUTPUTS: Readonly<Record<WaitKind, Readonly<Record<string, ParameterType>>>> = {
  time: { time: 'STRING' },
  http: { status: 'NUMBER_INTEGER', body: 'STRING', json: 'STRUCT' },
  object: { size: 'NUMBER_INTEGER', etag: 'STRING' },
  resource: { object: 'STRUCT' },
  run: { id: 'STRING', state: 'STRING', outputs: 'STRUCT' },
  alias: { version: 'NUMBER_INTEGER' },
}

/** States in which a run can be waited for: how it ended. */
export const RUN_END_STATES = ['SUCCEEDED', 'FAILED', 'CANCELED'] as const
export type RunEndState = (typeof RUN_END_STATES)[number]

interface WaitLimits {
  /** Since the task's start, over all attempts. */
  readonly timeoutMillis?: number
  /** What a wait becomes whose time is up. @default 'fail' */
  readonly onTimeout?: 'fail' | 'skip'
}
interface PolledWait extends WaitLimits {
  /** Between two looks, where looking again is the only way to learn something. */
  readonly everyMillis: number
}

/** Until an instant, given or counted from the start of the task. */
export interface TimeWait extends WaitLimits {
  readonly kind: 'time'
  /** Epoch milliseconds. */
  readonly at?: number
  readonly afterMillis: number
}
export interface HttpWait extends PolledWait {
  readonly kind: 'http'
  readonly url: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly requestBody?: string
  /** Statuses that will do; empty means any from 200 to 299. */
  readonly statuses: readonly number[]
  /** CEL over `status`, `headers`, `text` and `json`. */
  readonly until?: string
}
export interface ObjectWait extends PolledWait {
  readonly kind: 'object'
  /** Absolute path, `file://`, `s3://` or `minio://`. */
  readonly uri: string
  readonly minBytes: number
  /** Nothing may have been written to it for so long. */
  readonly stableMillis: number
}
export interface ResourceWait extends PolledWait {
  readonly kind: 'resource'
  readonly apiVersion: string
  readonly resourceKind: string
  readonly name: string
  readonly namespace?: string
  /** A type in `status.conditions` that must be True, or `Type=Status`. */
  readonly condition?: string
  /** CEL over `object`. */
  readonly until?: string
}
export interface RunWait extends PolledWait {
  readonly kind: 'run'
  /** Id or name. */
  readonly run?: string
  readonly pipeline?: string
  /** Epoch milliseconds; goes with `pipeline`. */
  readonly logicalDate?: number
  readonly states: readonly RunEndState[]
}
export interface AliasWait extends PolledWait {
  readonly kind: 'alias'
  readonly model: string
  readonly alias: string
  readonly atLeast?: number
  readonly changedFrom?: number
}

/** What is looked at from outside; a wait for a time needs nobody but the engine's clock. */
export type LookedAt = HttpWait | ObjectWait | ResourceWait | RunWait | AliasWait
export type WaitRequest = TimeWait | LookedAt

/** What somebody who looked has seen. */
export type Sight =
  | {
      readonly kind: 'http'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly text: string
    }
  /** `etag` is a content hash where the store has one, else made of size and time. */
  | {
      readonly kind: 'object'
      readonly found?: { readonly bytes: number; readonly etag: string; readonly modifiedAt: number }
    }
  | { readonly kind: 'resource'; readonly object?: JsonObject }
  | {
      readonly kind: 'run'
      readonly run?: {
        readonly id: string
        readonly state: string
        readonly outputs: JsonObject
        readonly error?: string
      }
    }
  | { readonly kind: 'alias'; readonly version?: number }
  /** As it was: the answer that did not do is still the answer. */
  | { readonly kind: 'unchanged' }
  /** There was no seeing it this time, for this reason. */
  | { readonly kind: 'trouble'; readonly message: string }
  /** Looking again won't help: it may not be looked at, or cannot exist. */
  | { readonly kind: 'refused'; readonly message: string }
