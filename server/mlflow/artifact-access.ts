/** Whose artifacts are these: the first part of a path is the experiment, so a foreign workspace's files are refused. */
import { MetadataError, notFound } from '../../store/metadata/errors.ts'
import { findExperiment, parseExperimentId } from '../../store/metadata/experiments.ts'
import type { Caller, Services } from '../context.ts'
import { artifactPathOf, isHeld } from './artifact-uri.ts'

/** Rejects with `not-found` when workspaces are separate and the path belongs to none or to another. */
export async function requireArtifactAccess(services: Services, caller: Caller, path: string): Promise<void> {
  if (!services.access.multiUser) return
  const id = parseExperimentId(path.split('/')[0] ?? '')
  const experiment = id === undefined ? undefined : await findExperiment(services.metadata.db, id)
  if (!experiment || experiment.namespace !== caller.namespace) throw notFound(`No such artifact: '${path}'`)
}

/**
 * A step's token writes below the folder of its run, of a run below it, and of a logged model that one of them made.
 * Rejects with `forbidden` elsewhere.
 */
export async function requireArtifactWrite(services: Services, caller: Caller, path: string): Promise<void> {
  await requireArtifactAccess(services, caller, path)
  const { runScope } = caller
  if (runScope === undefined) return
  const { db } = services.metadata
  // Each folder carries the id of its owner.
  const ids = path.split('/')
  const runs = await db
    .selectFrom('runs')
    .select('artifact_uri')
    .where('run_id', 'in', ids)
    .where((is) => is.or([is('run_id', '=', runScope), is('parent_run_id', '=', runScope)]))
    .execute()
  const models = await db
    .selectFrom('logged_models')
    .innerJoin('runs', 'runs.run_id', 'logged_models.source_run_id')
    .select('logged_models.artifact_uri')
    .where('logged_models.model_id', 'in', ids)
    .where((is) => is.or([is('runs.run_id', '=', runScope), is('runs.parent_run_id', '=', runScope)]))
    .execute()
  const isCovered = [...runs, ...models].some(
    ({ artifact_uri: uri }) => isHeld(uri) && path.startsWith(`${artifactPathOf(uri)}/`),
  )
  if (!isCovered) throw new MetadataError('forbidden', `The token of run ${runScope} does not cover '${path}'`)
}
