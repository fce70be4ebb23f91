/** Importers: an artifact is registered and, where the pipeline asks, copied to the run's workspace. Before: carry-out.ts. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { Action, AttemptResult, ImportRequest, Launch } from '../engine/types.ts'
import { WORKSPACE_PATH } from './pod/build-pod.ts'
import { importLaunch } from './pod/staging.ts'
import type { SessionContext } from './run-session.ts'
import { placeInWorkspace } from './workspace.ts'

type ImportArtifact = Extract<Action, { kind: 'import-artifact' }>

/** The result, or the launch of a pod that makes the copy where the operator can't reach the workspace. */
export async function importArtifact(
  { ports, run }: SessionContext,
  { request }: ImportArtifact,
): Promise<AttemptResult | { readonly launch: Launch }> {
  const { store } = ports
  if (!request.downloadToWorkspace) return imported(request, await store.digestOf(request.uri))
  const place = placeInWorkspace(request.uri)
  if (place === undefined) return failed('configuration', `${request.uri} leads out of the workspace`)
  if (store.copyToWorkspace) {
    const copied = await store.copyToWorkspace(request.uri, run.runId, place)
    return 'failure' in copied ? failed('infrastructure', copied.failure) : imported(request, copied.digest)
  }
  const pods = ports.settings.pods.store
  if (!('objects' in pods) || !/^(s3|minio):\/\//.test(request.uri)) {
    return failed(
      'configuration',
      `${request.uri} can't be copied to the workspace: on this store only s3:// URIs can be read`,
    )
  }
  return { launch: importLaunch(pods.objects, request.uri, `${WORKSPACE_PATH}/${place}`) }
}

/** What later steps get: an artifact whose path is its copy in the workspace, if it has one. */
export function imported(request: ImportRequest, digest: string | undefined): AttemptResult {
  const { outputName, type, uri, downloadToWorkspace } = request
  const metadata = downloadToWorkspace ? { ...request.metadata, _kfp_workspace: true } : request.metadata
  const artifact: RuntimeArtifact = {
    name: outputName,
    type,
    uri,
    metadata,
    ...(digest === undefined ? {} : { digest }),
  }
  return { outcome: 'succeeded', outputs: { parameters: {}, artifacts: { [outputName]: [artifact] } } }
}

const failed = (cause: 'configuration' | 'infrastructure', message: string): AttemptResult => ({
  outcome: 'failed',
  failure: { cause, message },
})
