/** What a run read and made: datasets and logged models as inputs and outputs. Before: MLflow API, recorder. */
import { createHash } from 'node:crypto'
import type { Db } from './database.ts'
import { excluded, type KeyValuePair } from './runs.ts'
import type { DatasetRow } from './tables.ts'

export interface DatasetUse {
  readonly dataset: Omit<DatasetRow, 'dataset_id' | 'experiment_id'>
  readonly tags: readonly KeyValuePair[]
}

/** Notes datasets as inputs of a run; the same dataset of an experiment is one record. */
export async function logDatasets(
  db: Db,
  run: { readonly run_id: string; readonly experiment_id: number },
  uses: readonly DatasetUse[],
): Promise<void> {
  for (const { dataset, tags } of uses) {
    const identity = JSON.stringify([run.experiment_id, dataset.name, dataset.digest])
    const dataset_id = createHash('sha256').update(identity).digest('hex').slice(0, 32)
    await db
      .insertInto('datasets')
      .values({ ...dataset, dataset_id, experiment_id: run.experiment_id })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await db
      .insertInto('run_datasets')
      .values({ run_id: run.run_id, dataset_id })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const last = new Map(tags.map((tag) => [tag.key, tag.value]))
    if (last.size === 0) continue
    await db
      .insertInto('run_dataset_tags')
      .values([...last].map(([key, value]) => ({ run_id: run.run_id, dataset_id, key, value })))
      .onConflict((conflict) =>
        conflict.columns(['run_id', 'dataset_id', 'key']).doUpdateSet({ value: excluded<string>('value') }),
      )
      .execute()
  }
}

/** Notes logged models as inputs or outputs of a run. */
export async function logRunModels(
  db: Db,
  runId: string,
  direction: 'input' | 'output',
  models: readonly { readonly modelId: string; readonly step: number }[],
): Promise<void> {
  if (models.length === 0) return
  const rows = models.map(({ modelId, step }) => ({ run_id: runId, model_id: modelId, direction, step }))
  await db
    .insertInto('run_models')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
