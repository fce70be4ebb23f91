/** KFP's smaller endpoints: health, rights, and what no installation of ours has. Before: index.ts. */
import { readFileSync } from 'node:fs'
import { invalid, notFound } from '../../store/metadata/errors.ts'
import { getPipelineRun, tasksOfRun } from '../../store/metadata/pipeline-runs.ts'
import { namespaceOfPlace } from '../../store/metadata/place-owner.ts'
import type { Resource, Verb } from '../access.ts'
import { HttpError } from '../problem.ts'
import { readBounded } from '../read-bounded.ts'
import { idOf, type KfpCall, type KfpRoute, permit } from './call.ts'
import type { Json } from './json.ts'

const packageFile = new URL('../../package.json', import.meta.url)

function readVersion(): string {
  try {
    return (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version
  } catch {
    // A bundled server lies elsewhere; the tag only informs.
    return 'unknown'
  }
}

const VERSION = readVersion()

export function healthJson(multiUser: boolean): Json {
  return { commit_sha: 'kfp-ts', tag_name: VERSION, multi_user: multiUser, pipeline_store: 'database' }
}

const RESOURCES: Readonly<Record<string, Resource>> = { VIEWERS: 'artifacts', UNASSIGNED_RESOURCES: 'artifacts' }

/** Whether the caller may use a viewer in a namespace. */
async function auth(call: KfpCall): Promise<Json> {
  const resource = call.query.text('resources') || 'UNASSIGNED_RESOURCES'
  const verb = (call.query.text('verb') || 'GET').toLowerCase()
  const known = Object.hasOwn(RESOURCES, resource) ? RESOURCES[resource]! : undefined
  if (!known || !['get', 'create', 'delete', 'unassigned_verb'].includes(verb))
    throw invalid('resources or verb is unknown')
  await permit(call, (verb === 'unassigned_verb' ? 'get' : verb) as Verb, known, call.query.text('namespace') ?? '')
  return {}
}

async function unimplemented(): Promise<Json> {
  throw new HttpError(404, 'This installation has no such service: its operator reports runs by itself')
}

/** The bytes of an output artifact, as JSON; only for small ones: the artifact proxy streams. */
async function readArtifact(call: KfpCall): Promise<Json> {
  const run = await getPipelineRun(call.metadata.db, idOf(call, 'run'))
  await permit(call, 'readArtifact', 'runs', run.namespace)
  const tasks = await tasksOfRun(call.metadata.db, run.run_id)
  const task = tasks.find((one) => one.run_id === call.params['node'] || one.path === call.params['node'])
  const outputs = JSON.parse(task?.outputs ?? '{}') as { artifacts?: Record<string, readonly { uri: string }[]> }
  const name = call.params['artifact'] ?? ''
  const artifact = Object.hasOwn(outputs.artifacts ?? {}, name) ? outputs.artifacts![name]![0] : undefined
  if (!artifact) throw notFound(`Run ${run.run_id} has no such artifact`)
  if (await isForeign(call, artifact.uri, run.namespace))
    throw notFound(`Run ${run.run_id} may not read ${artifact.uri}`)
  const stream = await call.services.readPipelineArtifact(artifact.uri)
  if (!stream) throw notFound(`The artifact at ${artifact.uri} is gone or is a folder`)
  return { data: (await readBounded(stream, MAX_READ_BYTES)).toString('base64') }
}

/** A step can name any place as its artifact: only one below the folder of its own namespace's run is shown. */
async function isForeign(call: KfpCall, uri: string, namespace: string): Promise<boolean> {
  return call.services.access.multiUser && (await namespaceOfPlace(call.metadata.db, uri)) !== namespace
}

const MAX_READ_BYTES = 64 * 1024 * 1024

export const MISC_ROUTES: readonly KfpRoute[] = [
  { method: 'GET', path: '/auth', handle: auth },
  { method: 'GET', path: '/filters', handle: async () => ({}) },
  { method: 'POST', path: '/workflows', handle: unimplemented },
  { method: 'POST', path: '/scheduledworkflows', handle: unimplemented },
  { method: 'POST', path: '/visualizations/:namespace', handle: unimplemented },
  { method: 'GET', path: '/runs/:run/nodes/:node/artifacts/:artifact::read', handle: readArtifact },
]
