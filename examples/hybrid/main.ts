/** `make demo`: compiles the hybrid pipeline, runs it here with live progress, and shows how good the model is and where it lies. */
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PipelineDefinition } from 'kfp-ts'
import { LocalClient } from 'kfp-ts/client'
import { compile, loadPipelines, printPipelineYaml, selectPipeline } from 'kfp-ts/compiler'
import { printConfusion } from 'kfp-ts/components'

const HERE = import.meta.dirname

/** The parts of the run's outputs that are shown. */
interface Artifact {
  readonly uri: string
  readonly metadata: Readonly<Record<string, unknown>>
}
interface ConfusionMatrix {
  readonly annotationSpecs: readonly { readonly displayName: string }[]
  readonly rows: readonly { readonly row: readonly number[] }[]
}

/** What a run of the example came to. */
export interface Result {
  readonly state: string
  readonly accuracy: number
  readonly modelFile: string
  /** Accuracy, confusion matrix and where the model lies, for people. */
  readonly summary: string
}

export interface Options {
  /** Folder for runs and cache. */
  readonly root: string
  readonly arguments?: { readonly trees?: number; readonly seed?: number; readonly source?: string }
  readonly progress?: 'auto' | 'none'
}

/** @throws Error when the run fails, with its reason */
export async function main(options: Options): Promise<Result> {
  // The pipeline is loaded as `kfp-ts run` loads it, because Node itself does not know decorators yet.
  const pipeline = selectPipeline(await loadPipelines(join(HERE, 'pipeline.ts'))) as PipelineDefinition
  const client = new LocalClient({ root: options.root, progress: options.progress ?? 'auto' })
  const run = await client.createRunFromPipelineFunc(pipeline, { arguments: { ...options.arguments } })
  const { state, outputs, error } = await run.wait()
  if (state !== 'SUCCEEDED') throw new Error(`the run ended ${state}: ${error?.message ?? 'no reason is known'}`)

  const accuracy = Number(outputs.accuracy)
  const modelFile = pathOf((outputs.model as unknown as Artifact).uri)
  const classification = outputs.classification_metrics as unknown as Artifact
  const { auc, f1_macro: f1 } = (outputs.metrics as unknown as Artifact).metadata
  const summary = [
    `accuracy  ${(100 * accuracy).toFixed(2)} %   macro F1  ${Number(f1).toFixed(4)}   AUC  ${Number(auc).toFixed(4)}`,
    '',
    confusionText(classification.metadata.confusionMatrix as ConfusionMatrix),
    '',
    `model     ${relative(process.cwd(), modelFile)}`,
  ].join('\n')
  return { state, accuracy, modelFile, summary }
}

/** Artifacts of a local run are named by their path, or by a file URL when the pipeline root is one. */
function pathOf(uri: string): string {
  return uri.startsWith('file:') ? fileURLToPath(uri) : uri
}

function confusionText({ annotationSpecs, rows }: ConfusionMatrix): string {
  return printConfusion({
    classes: annotationSpecs.map((spec) => spec.displayName),
    confusion: rows.map(({ row }) => row),
  })
}

/** The compiled pipeline as text: what hybrid_ml_pipeline.yaml holds. */
export async function compileHybrid(): Promise<string> {
  const pipeline = selectPipeline(await loadPipelines(join(HERE, 'pipeline.ts')))
  const { document, issues } = await compile(pipeline, { target: 'kfp' })
  if (!document) throw new Error(issues.map((issue) => issue.message).join('\n'))
  return printPipelineYaml(document)
}

if (import.meta.main) {
  await writeFile(join(HERE, 'hybrid_ml_pipeline.yaml'), await compileHybrid())
  const { summary } = await main({ root: join(process.cwd(), '.kfp-ts') })
  console.log(`\n${summary}`)
}
