/** `LocalClient`: the runs client for authors who run on this machine. Public as `kfp-ts/client`. */
import { readFile } from 'node:fs/promises'
import { parsePipelineDocument } from '../api/parse.ts'
import { compile } from '../compiler/index.ts'
import type { AnyPipeline } from '../dsl/pipeline.ts'
import {
  documentOrThrow,
  type LocalClientOptions,
  type LocalRun,
  LocalRunner,
  type LocalRunSettings,
} from '../local/local-client.ts'
import type { OutputsOf, SettingsParameters } from './typed-run.ts'

/**
 * Runs pipelines here, as processes, with a live tree on the terminal.
 *
 * @example
 * const client = new LocalClient()
 * const run = await client.createRunFromPipelineFunc(training, { arguments: { trees: 50 } })
 * const { state, outputs } = await run.wait()
 */
export class LocalClient {
  readonly #runner: LocalRunner<AnyPipeline>

  constructor(options: LocalClientOptions = {}) {
    this.#runner = new LocalRunner(async (pipeline) => documentOrThrow(await compile(pipeline)), options)
  }

  /** Compiles and starts a pipeline. Throws InvalidInputError with every problem of the pipeline. */
  async createRunFromPipelineFunc<D extends AnyPipeline>(
    pipeline: D,
    ...[settings = {}]: SettingsParameters<D, Omit<LocalRunSettings, 'arguments'>>
  ): Promise<LocalRun<OutputsOf<D>>> {
    return (await this.#runner.start(pipeline, settings as LocalRunSettings)) as unknown as LocalRun<OutputsOf<D>>
  }

  /** Starts a compiled pipeline file. Throws InvalidInputError with every problem of the file. */
  async createRunFromFile(file: string, settings: LocalRunSettings = {}): Promise<LocalRun> {
    const document = documentOrThrow(parsePipelineDocument(await readFile(file, 'utf8'), { file }))
    return this.#runner.startDocument(document, settings)
  }
}

/** Runs a pipeline on this machine; shorthand for `new LocalClient().createRunFromPipelineFunc(…)`. */
export async function createRunFromPipelineFunc<D extends AnyPipeline>(
  pipeline: D,
  ...settings: SettingsParameters<D, Omit<LocalRunSettings, 'arguments'> & LocalClientOptions>
): Promise<LocalRun<OutputsOf<D>>> {
  const client = new LocalClient(settings[0] ?? {})
  return client.createRunFromPipelineFunc<D>(pipeline, ...(settings as SettingsParameters<D, object>))
}
