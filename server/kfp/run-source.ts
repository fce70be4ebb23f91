/** Where a run's pipeline comes from: inlined, or a version of an uploaded one. Before: runs.ts, recurring-runs.ts. */
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { getPipeline, getVersion, latestVersion } from '../../store/metadata/pipelines.ts'
import type { Fields } from '../mlflow/fields.ts'
import { type KfpCall, permit } from './call.ts'
import { documentOf, parseSpec, specJson } from './spec.ts'

export interface RunSource {
  readonly document: PipelineDocument
  /** JSON text as it is stored. */
  readonly text: string
  readonly pipelineId: string | null
  readonly versionId: string | null
}

/** Rejects with `invalid` unless exactly one source is named. */
export async function readSource(call: KfpCall, db: Db, body: Fields): Promise<RunSource> {
  const inlined = body.raw('pipeline_spec')
  const reference = body.object('pipeline_version_reference')
  const oldId = body.text('pipeline_version_id', 200) || undefined
  const named = [inlined, reference, oldId].filter((source) => source !== undefined)
  if (named.length !== 1) {
    throw invalid('Name the pipeline once: pipeline_spec, pipeline_version_reference or pipeline_version_id')
  }
  if (inlined !== undefined) {
    if (typeof inlined !== 'object' || inlined === null) throw invalid('pipeline_spec must be an object')
    const document = parseSpec(JSON.stringify(inlined))
    return { document, text: JSON.stringify(specJson(document)), pipelineId: null, versionId: null }
  }
  const version = reference ? await referenced(db, reference) : await getVersion(db, oldId!)
  await permit(call, 'get', 'pipelines', (await getPipeline(db, version.pipeline_id)).namespace)
  return {
    document: documentOf(version.pipeline_spec),
    text: version.pipeline_spec,
    pipelineId: version.pipeline_id,
    versionId: version.pipeline_version_id,
  }
}

async function referenced(db: Db, reference: Fields) {
  const pipelineId = reference.required('pipeline_id', 200)
  const versionId = reference.text('pipeline_version_id', 200)
  await getPipeline(db, pipelineId)
  return versionId ? await getVersion(db, versionId, pipelineId) : await latestVersion(db, pipelineId)
}
