/** What this machine offers a run: its runtimes, its Python, its stores. Each thing is found once, when first needed. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { sourcesOnThisMachine, type ThisMachine } from '../waiting/on-this-machine.ts'
import type { WaitSources } from '../waiting/sources.ts'
import type { StepRuntime } from './attempt.ts'
import { containerRuntime, findContainerProgram } from './container-runtime.ts'
import type { RunObserver } from './observer.ts'
import { checkMachine } from './preflight.ts'
import { processRuntime } from './process-runtime.ts'
import { cacheHome, openEnvironmentCache } from './python/environment.ts'
import { findInterpreter } from './python/interpreter.ts'

/** Choices for one local run. */
export interface RunOptions {
  /** Absolute path of the folder that holds runs, cache and volumes. */
  readonly root: string
  readonly runtime: 'process' | 'container'
  /** Run the commands of container components on this host. */
  readonly hostCommands: boolean
  /** Steps at the same time. @default number of cores, at least 4 */
  readonly parallelism?: number
  /** @default true */
  readonly cache?: boolean
  /** Id of an earlier run under the same root: its results are taken over where a step is the same. */
  readonly reuse?: string
  /** Whole run. */
  readonly timeoutMillis?: number
  /** Each attempt that sets none of its own. */
  readonly taskTimeoutMillis?: number
  /** Folder for artifacts. @default `artifacts` in the run's folder */
  readonly pipelineRoot?: string
  /** File that the pipeline came from, for people. */
  readonly source?: string
  /** Stops the run so that it can be resumed. */
  readonly interrupt?: AbortSignal
  /** After `interrupt`: kills the steps without waiting for them. */
  readonly kill?: AbortSignal
  readonly observer?: RunObserver
  /** A server that keeps the run under its own id and name. @default made of the pipeline's name and the time */
  readonly runId?: string
  readonly runName?: string
  /** The date that the run of a schedule stands for, in epoch milliseconds. */
  readonly scheduleTime?: number
  /** More environment variables for one step, such as where it logs. */
  readonly stepVariables?: (task: { path: string; name: string }) => Promise<Readonly<Record<string, string>>>
  /** A step starts when this resolves; `signal` says that it is not wanted any more. Rejecting starts it. */
  readonly beforeAttempt?: (task: string, signal: AbortSignal) => Promise<void>
  /**
   * How other runs and aliases are waited for, and in which workspace.
   * @default runs of `root`, aliases of the server in MLFLOW_TRACKING_URI
   */
  readonly waits?: Pick<ThisMachine, 'run' | 'alias'> & { readonly namespace?: string }
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Machine {
  readonly check: (document: PipelineDocument) => Promise<void>
  readonly stepRuntime: () => Promise<StepRuntime>
  readonly openStore: (uri: string) => Promise<ArtifactStore | undefined>
  readonly waitSources: () => WaitSources
}

export function makeMachine(options: RunOptions): Machine {
  const env = options.env ?? process.env
  const interpreter = once(() => findInterpreter(env, join(cacheHome(env), 'interpreters')))
  const containerProgram = once(findContainerProgram)
  const environments = once(async () => {
    const found = await interpreter()
    return found && openEnvironmentCache(join(cacheHome(env), 'venvs'), found, env)
  })
  const warn = onceEach((message) => options.observer?.onWarning?.(message))
  // One client for all: what waits for an object opens its store at every look.
  const objects = once(async () => {
    const { s3Store } = await import('../store/s3-store.ts')
    const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL']
    return s3Store({ ...(endpoint ? { endpoint } : {}), ...(env['AWS_REGION'] ? { region: env['AWS_REGION'] } : {}) })
  })
  const openStore: Machine['openStore'] = async (uri) => (/^(s3|minio):/.test(uri) ? await objects() : undefined)
  return {
    check: async (document) =>
      checkMachine(document, {
        runtime: options.runtime,
        hostCommands: options.hostCommands,
        hasPython: async () => (await interpreter()) !== undefined,
        containerProgram: options.runtime === 'container' ? await containerProgram() : undefined,
      }),
    stepRuntime: async () => {
      const { root, hostCommands } = options
      const program = options.runtime === 'container' ? await containerProgram() : undefined
      if (program) return containerRuntime({ program, root, hostEnv: env, warn })
      const nodePath = process.execPath
      return processRuntime({
        root,
        hostEnv: env,
        nodePath,
        environments,
        hostCommands,
        warn,
        mountNamespace: once(probeMounts),
        ...(options.stepVariables && { stepVariables: options.stepVariables }),
      })
    },
    openStore,
    waitSources: () => sourcesOnThisMachine({ root: options.root, env, openStore, ...options.waits }),
  }
}

async function probeMounts(): Promise<'root' | 'user' | undefined> {
  const works = (args: readonly string[]) =>
    promisify(execFile)('unshare', [...args, 'mount', '--bind', '/tmp', '/tmp']).then(
      () => true,
      () => false,
    )
  if (await works(['--mount'])) return 'root'
  return (await works(['--user', '--map-root-user', '--mount'])) ? 'user' : undefined
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

function onceEach(tell: (message: string) => void): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (told.has(message)) return
    told.add(message)
    tell(message)
  }
}
