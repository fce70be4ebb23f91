/** Whose artifacts are these: the first part of a path is the experiment, so a foreign workspace's files are refused. */
import { notFound } from '../../store/metadata/errors.ts'
import { findExperiment, parseExperimentId } from '../../store/metadata/experiments.ts'
import type { Caller, Services } from '../context.ts'

/** Rejects with `not-found` when workspaces are separate and the path belongs to none or to another. */
export async function requireArtifactAccess(services: Services, caller: Caller, path: string): Promise<void> {
  if (!services.access.multiUser) return
  const id = parseExperimentId(path.split('/')[0] ?? '')
  const experiment = id === undefined ? undefined : await findExperiment(services.metadata.db, id)
  if (!experiment || experiment.namespace !== caller.namespace) throw notFound(`No such artifact: '${path}'`)
}
