/** The runs client for authors: pipelines in, typed runs out. Public as `kfp-ts/client`. */
import { readFile } from 'node:fs/promises'
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import { parsePipelineDocument } from '../api/parse.ts'
import type { PipelineRunSpec, PipelineRunStatus } from '../api/pipeline-run.ts'
import { compile, printPipelineYaml } from '../compiler/index.ts'
import { connect } from './connect.ts'
import type { LogOptions } from './kube/client.ts'
import { createRunsClient, type PipelineRun, type RunsClient, type WaitOptions } from './runs.ts'
import type { TaskPod } from './task-pod.ts'

export interface ClientOptions {
  /** A kubeconfig file. @default $KUBECONFIG, then the pod's service account, then ~/.kube/config */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  /** @default the namespace of the context or of the pod */
  readonly namespace?: string | undefined
}

/** Settings of a run beside its pipeline. */
export interface RunOptions<Arguments> {
  readonly arguments?: Arguments | undefined
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** @default true */
  readonly enableCaching?: boolean | undefined
  readonly serviceAccountName?: string | undefined
  readonly pipelineRoot?: string | undefined
  /** Any other field of PipelineRun's spec. */
  readonly spec?: Partial<PipelineRunSpec> | undefined
}

/** What a pipeline definition looks like to this client: its call tells the types of its arguments. */
interface Definition {
  // biome-ignore lint/suspicious/noExplicitAny: any definition, whatever its inputs and outputs.
  (...args: any[]): any
  readonly kind: 'pipeline'
}
/** Plain values for the inputs that a definition's call takes as values or references. */
export type ArgumentsOf<D> = D extends (...args: infer P) => unknown
  ? P extends readonly [(infer First)?, ...unknown[]]
    ? { readonly [K in keyof First]?: JsonValue | undefined }
    : Readonly<Record<string, JsonValue | undefined>>
  : never
/** Output names of a definition, with JSON values. */
export type OutputsOf<D> = D extends (...args: never[]) => { readonly outputs: infer O }
  ? { readonly [K in keyof O]: JsonValue }
  : Readonly<Record<string, JsonValue>>

/** A run on the cluster, with the ways to follow it. */
export interface RunHandle<Outputs = Readonly<Record<string, JsonValue>>> {
  readonly name: string
  readonly namespace: string
  readonly runId: string
  /** Resolves with the final status. Rejects when it is deleted, interrupted (code `interrupted`) or too late (`timeout`). */
  wait(options?: WaitOptions): Promise<PipelineRunStatus & { readonly outputs?: Outputs | undefined }>
  watch(signal?: AbortSignal): AsyncGenerator<PipelineRun>
  pods(): Promise<TaskPod[]>
  cancel(): Promise<void>
  delete(): Promise<void>
}

/**
 * Runs pipelines on a cluster that has the kfp-ts operator.
 *
 * @example
 * const client = new Client({ namespace: 'ml' })
 * const run = await client.createRunFromPipelineFunc(training, { arguments: { trees: 50 } })
 * const { phase, outputs } = await run.wait({ timeoutMillis: 600_000 })
 */
export class Client {
  readonly runs: RunsClient

  constructor(options: ClientOptions = {}) {
    const { kube, access } = connect({
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
      ...(options.context === undefined ? {} : { context: options.context }),
    })
    this.runs = createRunsClient(kube, options.namespace ?? access.namespace)
  }

  /** Compiles and starts a pipeline. Throws InvalidInputError with every problem of the pipeline. */
  async createRunFromPipelineFunc<D extends Definition>(
    pipeline: D,
    options: RunOptions<ArgumentsOf<D>> = {},
  ): Promise<RunHandle<OutputsOf<D>>> {
    const { document, issues } = await compile(pipeline as never)
    if (!document) throw new InvalidInputError(issues)
    return await this.#start(printPipelineYaml(document), document.spec.pipelineInfo.name, options)
  }

  /** Starts a compiled pipeline file. Throws InvalidInputError with every problem of the file. */
  async createRunFromFile(
    file: string,
    options: RunOptions<Readonly<Record<string, JsonValue>>> = {},
  ): Promise<RunHandle> {
    const text = await readFile(file, 'utf8')
    const { document, issues } = parsePipelineDocument(text, { file })
    if (!document) throw new InvalidInputError(issues)
    return await this.#start(text, document.spec.pipelineInfo.name, options)
  }

  /** A run that exists already. */
  async getRun(name: string, namespace?: string): Promise<RunHandle> {
    return this.#handle(await this.runs.get(name, namespace))
  }
  list(options?: { readonly namespace?: string; readonly labelSelector?: string }): Promise<PipelineRun[]> {
    return this.runs.list(options)
  }
  waitForRun(name: string, options?: WaitOptions & { readonly namespace?: string }): Promise<PipelineRun> {
    return this.runs.wait(name, options)
  }
  watch(
    name: string,
    options?: { readonly namespace?: string; readonly signal?: AbortSignal },
  ): AsyncGenerator<PipelineRun> {
    return this.runs.watch(name, options)
  }
  /** The logs of a run's pods that exist, task after task. */
  async *getLogs(
    name: string,
    options: LogOptions & { readonly namespace?: string; readonly task?: string } = {},
  ): AsyncGenerator<{ readonly task: string; readonly attempt: number; readonly text: string }> {
    const { namespace, task, ...log } = options
    const run = await this.runs.get(name, namespace)
    for (const { pod, path, attempt } of await this.runs.pods(run)) {
      if (task !== undefined && path !== task && !path.endsWith(`/${task}`)) continue
      for await (const chunk of this.runs.log(run, pod, log))
        yield { task: path, attempt, text: chunk.toString('utf8') }
    }
  }
  async cancel(name: string, namespace?: string): Promise<void> {
    await this.runs.cancel(name, namespace)
  }
  async retry(name: string, namespace?: string): Promise<void> {
    await this.runs.retry(name, namespace)
  }
  delete(name: string, namespace?: string): Promise<void> {
    return this.runs.delete(name, namespace)
  }

  async #start<Outputs>(
    pipelineText: string,
    pipelineName: string,
    options: RunOptions<Readonly<Record<string, JsonValue | undefined>>>,
  ): Promise<RunHandle<Outputs>> {
    const { enableCaching, serviceAccountName, pipelineRoot, spec, ...rest } = options
    const run = await this.runs.create({
      ...rest,
      pipelineText,
      pipelineName,
      spec: {
        ...spec,
        ...(enableCaching === undefined ? {} : { cache: enableCaching }),
        ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
        ...(pipelineRoot === undefined ? {} : { pipelineRoot }),
      },
    })
    return this.#handle(run)
  }

  #handle<Outputs>(run: PipelineRun): RunHandle<Outputs> {
    const { name, namespace = this.runs.namespace, uid = '' } = run.metadata
    const { runs } = this
    return {
      name,
      namespace,
      runId: uid,
      wait: async (options) =>
        ((await runs.wait(name, { ...options, namespace })).status ?? {}) as PipelineRunStatus & { outputs?: Outputs },
      watch: (signal) => runs.watch(name, signal ? { namespace, signal } : { namespace }),
      pods: async () => await runs.pods(run),
      cancel: async () => void (await runs.cancel(name, namespace)),
      delete: async () => await runs.delete(name, namespace),
    }
  }
}
