/** The runs client for authors: pipelines in, typed runs out. Public as `kfp-ts/client`. */
import { readFile } from 'node:fs/promises'
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import { parsePipelineDocument } from '../api/parse.ts'
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import { compile, printPipelineYaml } from '../compiler/index.ts'
import type { AnyPipeline } from '../dsl/pipeline.ts'
import { connect } from './connect.ts'
import { type RunHandle, runHandle } from './run-handle.ts'
import { type LogPiece, type RunLogOptions, readRunLogs } from './run-logs.ts'
import { createRunsClient, type PipelineRun, type RunSelection, type RunsClient, type WaitOptions } from './runs.ts'
import { findServer, type ServerApi } from './server-api.ts'
import type { OutputsOf, SettingsParameters } from './typed-run.ts'

export interface ClientOptions {
  /** A kubeconfig file. @default $KUBECONFIG, then the pod's service account, then ~/.kube/config */
  readonly kubeconfig?: string | undefined
  /** @default the current context of the kubeconfig */
  readonly context?: string | undefined
  /** @default the namespace of the context or of the pod */
  readonly namespace?: string | undefined
  /** URL of a kfp-ts server, which has the logs of pods that are gone. @default $KFP_TS_SERVER, then the one beside the operator */
  readonly server?: string | undefined
  /** Bearer token for that server. @default $KFP_TS_TOKEN, then one of the account kfp-ts-reader, which the API server gives */
  readonly token?: string | undefined
}

/** Settings of a run beside its pipeline and its arguments. */
export interface RunSettings {
  /** Exact name of the PipelineRun. @default made of the pipeline's name by the cluster */
  readonly name?: string | undefined
  /** @default the client's */
  readonly namespace?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** false: nothing is taken from earlier runs. @default true */
  readonly enableCaching?: boolean | undefined
  /** Name of a finished run of the namespace: steps that finished in it and are the same are taken over. */
  readonly reuse?: string | undefined
  /** Service account of the pods. @default that of the operator's settings */
  readonly serviceAccountName?: string | undefined
  /** Where artifacts go, below the store. */
  readonly pipelineRoot?: string | undefined
  /** Any other field of PipelineRun's spec, such as `timeouts: { runSeconds: 600 }`. */
  readonly spec?: Partial<PipelineRunSpec> | undefined
}

/** Settings of a run with arguments that are not checked by the compiler. */
export interface RunOptions<Arguments = Readonly<Record<string, JsonValue | undefined>>> extends RunSettings {
  readonly arguments?: Arguments | undefined
}

/** Where a run is looked for. */
export interface RunPlace {
  /** @default the client's */
  readonly namespace?: string | undefined
}

/**
 * Runs pipelines on a cluster that has the kfp-ts operator. Arguments and outputs have the types of the pipeline: a missing or
 * wrong argument is an error of `tsc`.
 *
 * Every method rejects with KubeError (`status`, `reason`) when the API server refuses, 404 for a run that is not there, and with
 * KubeConnectionError when it does not answer. The constructor throws when no cluster is configured; the message says what to set.
 *
 * @example
 * const client = new Client({ namespace: 'ml' })
 * const run = await client.createRunFromPipelineFunc(training, { arguments: { trees: 50 } })
 * const { phase, outputs } = await run.wait({ timeoutMillis: 600_000 })
 * console.log(phase, outputs?.accuracy)
 *
 * @example
 * for await (const { task, text } of client.getLogs('training-x7k2p', { follow: true })) process.stdout.write(`${task}: ${text}`)
 */
export class Client {
  /** The same runs without types: resources in, resources out. */
  readonly runs: RunsClient
  readonly #server: ServerApi

  constructor(options: ClientOptions = {}) {
    const { kubeconfig, context, server: url = process.env['KFP_TS_SERVER'] } = options
    const { kube, access, transport } = connect({ kubeconfig, context })
    const namespace = options.namespace ?? access.namespace
    this.runs = createRunsClient(kube, namespace)
    this.#server = findServer({ transport, namespace, url, token: options.token ?? process.env['KFP_TS_TOKEN'] })
  }

  /**
   * Compiles and starts a pipeline. Rejects with InvalidInputError with every problem of the pipeline.
   *
   * @example
   * const run = await client.createRunFromPipelineFunc(training, { arguments: { trees: 50 }, reuse: 'training-x7k2p' })
   */
  async createRunFromPipelineFunc<D extends AnyPipeline>(
    pipeline: D,
    ...[settings = {}]: SettingsParameters<D, RunSettings>
  ): Promise<RunHandle<OutputsOf<D>>> {
    const { document, issues } = await compile(pipeline)
    if (!document) throw new InvalidInputError(issues)
    return await this.#start(printPipelineYaml(document), document.spec.pipelineInfo.name, settings as RunOptions)
  }

  /**
   * Starts a compiled pipeline file. Rejects with InvalidInputError with every problem of the file.
   *
   * @example
   * const run = await client.createRunFromFile('pipeline.yaml', { arguments: { trees: 50 } })
   */
  async createRunFromFile(file: string, options: RunOptions = {}): Promise<RunHandle> {
    const text = await readFile(file, 'utf8')
    const { document, issues } = parsePipelineDocument(text, { file })
    if (!document) throw new InvalidInputError(issues)
    return await this.#start(text, document.spec.pipelineInfo.name, options)
  }

  /** A run that exists already; `pipeline` gives its outputs their types. */
  async getRun<D extends AnyPipeline = AnyPipeline>(
    name: string,
    options: RunPlace & { readonly pipeline?: D | undefined } = {},
  ): Promise<RunHandle<OutputsOf<D>>> {
    return this.#handle(await this.runs.get(name, options.namespace))
  }

  /**
   * All runs of a namespace (or of all), in the order of their names.
   *
   * @example
   * const failed = (await client.list({ pipeline: 'training' })).filter(({ status }) => status?.phase === 'Failed')
   */
  list(selection?: RunSelection): Promise<PipelineRun[]> {
    return this.runs.list(selection)
  }

  /**
   * Resolves with the run at its end, whether it succeeded or not. Rejects with code `timeout` after `timeoutMillis`, `interrupted`
   * when `signal` aborts, `deleted` when somebody deletes it.
   */
  waitForRun(name: string, options?: WaitOptions & RunPlace): Promise<PipelineRun> {
    return this.runs.wait(name, options)
  }

  /**
   * The run now, and again after each change of its status; ends with its final state or when `signal` aborts.
   *
   * @example
   * for await (const { status } of client.watch('training-x7k2p')) console.log(status?.phase, status?.progress)
   */
  watch(name: string, options?: RunPlace & { readonly signal?: AbortSignal }): AsyncGenerator<PipelineRun> {
    return this.runs.watch(name, options)
  }

  /**
   * Logs of a run in the order in which its attempts started, with `follow` of all tasks as they come until the run ends. Logs of
   * pods that are gone come from the server (`ClientOptions.server`); without one they are left out, or with `task` rejected.
   *
   * @example
   * for await (const { text } of client.getLogs('training-x7k2p', { task: 'train' })) process.stdout.write(text)
   */
  async *getLogs(name: string, options: RunLogOptions & RunPlace = {}): AsyncGenerator<LogPiece> {
    const { namespace, ...wanted } = options
    yield* readRunLogs({ runs: this.runs, server: this.#server }, await this.runs.get(name, namespace), wanted)
  }

  /** Ends a run; its pods are stopped. Resolves when the request is stored, `waitForRun` waits for the end. */
  async cancel(name: string, { namespace }: RunPlace = {}): Promise<void> {
    await this.runs.cancel(name, namespace)
  }

  /** Runs what failed in a finished run again; what succeeded stays. For an edited pipeline start a run with `reuse`. */
  async retry(name: string, { namespace }: RunPlace = {}): Promise<void> {
    await this.runs.retry(name, namespace)
  }

  /** Starts no new pods; those that run go on. */
  async suspend(name: string, { namespace }: RunPlace = {}): Promise<void> {
    await this.runs.suspend(name, true, namespace)
  }

  /** Goes on after `suspend`. */
  async resume(name: string, { namespace }: RunPlace = {}): Promise<void> {
    await this.runs.suspend(name, false, namespace)
  }

  /** Removes a run with its pods; artifacts stay unless `spec.artifactsOnDelete` says otherwise. */
  delete(name: string, { namespace }: RunPlace = {}): Promise<void> {
    return this.runs.delete(name, namespace)
  }

  async #start<Outputs>(pipelineText: string, pipelineName: string, options: RunOptions): Promise<RunHandle<Outputs>> {
    const { enableCaching, serviceAccountName, pipelineRoot, reuse, spec, ...rest } = options
    const run = await this.runs.create({
      ...rest,
      pipelineText,
      pipelineName,
      spec: {
        ...spec,
        ...(enableCaching === undefined ? {} : { cache: enableCaching }),
        ...(reuse === undefined ? {} : { reuseFrom: { run: reuse } }),
        ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
        ...(pipelineRoot === undefined ? {} : { pipelineRoot }),
      },
    })
    return this.#handle(run)
  }

  #handle<Outputs>(run: PipelineRun): RunHandle<Outputs> {
    return runHandle({ runs: this.runs, server: this.#server }, run)
  }
}
