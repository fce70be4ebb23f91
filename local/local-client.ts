/** Runs pipelines of an author's own program on this machine: the local counterpart of the cluster's Client. */
import { resolve } from 'node:path'
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { RunReport } from '../api/run-report.ts'
import { DEFAULT_ROOT } from '../store/run-folder.ts'
import type { RunOptions } from './machine.ts'
import { progressOn } from './progress/index.ts'
import { startRun } from './run.ts'

export interface LocalClientOptions {
  /** Folder for runs and cache. @default '.kfp-ts' in the working directory */
  readonly root?: string
  /** @default 'process' */
  readonly runtime?: 'process' | 'container'
  /** Run the commands of container components on this host. @default false */
  readonly hostCommands?: boolean
  /** Steps at the same time. @default number of cores, at least 4 */
  readonly parallelism?: number
  /** `auto` shows a live tree on a terminal and lines elsewhere, on stderr. @default 'auto' */
  readonly progress?: 'auto' | 'none'
}

/** Settings of one run. */
export interface LocalRunSettings<Arguments = Readonly<Record<string, JsonValue | undefined>>> {
  readonly arguments?: Arguments | undefined
  /** @default true */
  readonly enableCaching?: boolean
  readonly timeoutMillis?: number
  /** Folder for artifacts. @default in the run's folder */
  readonly pipelineRoot?: string
  /** Id of an earlier run under the same root: steps that finished in it and are the same are taken over. */
  readonly reuse?: string
}

/** A run that is under way in this process. */
export interface LocalRun<Outputs = RunReport['outputs']> {
  /** Resolves at the end of the run, also of a failed one (`state` tells); rejects when the run could not be carried out. */
  readonly wait: () => Promise<LocalRunReport<Outputs>>
  /** Stops it; `kfp-ts run --resume` can go on with it. */
  readonly stop: () => void
}

export interface LocalRunReport<Outputs = RunReport['outputs']> extends Omit<RunReport, 'outputs'> {
  readonly outputs: Outputs
  /** The run's folder: journal, logs, artifacts. */
  readonly folder: string
}

/** Turns a definition into a document; given by the entry point, so that running needs no compiler. */
export type Compile<Definition> = (pipeline: Definition) => Promise<PipelineDocument>

export class LocalRunner<Definition> {
  readonly #compile: Compile<Definition>
  readonly #options: LocalClientOptions

  constructor(compile: Compile<Definition>, options: LocalClientOptions = {}) {
    this.#compile = compile
    this.#options = options
  }

  /** Compiles a pipeline and starts it. @throws InvalidInputError for mistakes in it or in its arguments */
  async start(pipeline: Definition, settings: LocalRunSettings = {}): Promise<LocalRun> {
    return this.startDocument(await this.#compile(pipeline), settings)
  }

  startDocument(document: PipelineDocument, settings: LocalRunSettings): LocalRun {
    const interrupt = new AbortController()
    const progress = progressOn(process.stderr, this.#options.progress === 'none')
    const given = Object.entries(settings.arguments ?? {})
    const args = Object.fromEntries(given.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined))
    const options = { ...runOptions(this.#options, settings), interrupt: interrupt.signal, observer: progress.observer }
    const ended = startRun(document, args, options)
      .finally(progress.end)
      .then(({ report, paths }) => ({ ...report, folder: paths.folder }))
    // Whoever never waits shall not be ended by an unhandled rejection; wait() still rejects.
    ended.catch(() => undefined)
    return { wait: () => ended, stop: () => interrupt.abort() }
  }
}

function runOptions(client: LocalClientOptions, settings: LocalRunSettings): RunOptions {
  return {
    root: resolve(client.root ?? DEFAULT_ROOT),
    runtime: client.runtime ?? 'process',
    hostCommands: client.hostCommands ?? false,
    cache: settings.enableCaching ?? true,
    ...(client.parallelism === undefined ? {} : { parallelism: client.parallelism }),
    ...(settings.timeoutMillis === undefined ? {} : { timeoutMillis: settings.timeoutMillis }),
    ...(settings.pipelineRoot === undefined ? {} : { pipelineRoot: settings.pipelineRoot }),
    ...(settings.reuse === undefined ? {} : { reuse: settings.reuse }),
  }
}

/** What a compiler gave, or all of its issues at once. */
export function documentOrThrow(result: {
  readonly document?: PipelineDocument
  readonly issues: InvalidInputError['issues']
}): PipelineDocument {
  if (!result.document) throw new InvalidInputError(result.issues)
  return result.document
}
