/** deploy_model: puts the version behind an alias to work and waits until it answers. After promote_model. */
import { setTimeout as delay } from 'node:timers/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { type TrackingServer, trackingServer } from '../registry/http.ts'

export const deployModel = /* @__PURE__ */ defineComponent({
  name: 'deploy_model',
  description: 'Has the server of the registry serve the version behind an alias, and waits until it answers.',
  inputs: {
    name: t.string({ description: 'model in the registry' }),
    alias: t.string({ default: 'champion', description: 'followed: when it moves, so do the predictions' }),
    deployment: t.string({ default: '', description: 'name of the deployment; of model and alias by default' }),
    replicas: t.integer({ default: 2, description: 'pods; on one machine there is one process' }),
    format: t.string({ default: 'deployment', description: 'deployment, or kserve for an InferenceService' }),
    wait_seconds: t.integer({ default: 300, description: 'how long it may take until it answers; 0 does not wait' }),
    server: t.string({ default: '', description: 'URL; by default the server that runs the pipeline' }),
  },
  outputs: {
    url: t.string({ description: 'where it answers' }),
    version: t.string({ description: 'that answers' }),
  },
  async run(inputs) {
    const server = trackingServer(inputs.server)
    const format = FORMATS[inputs.format.toLowerCase()]
    if (!format) throw new Error(`format must be deployment or kserve, got "${inputs.format}"`)
    const path = `/api/v1/models/${encodeURIComponent(inputs.name)}/deployments`
    const { alias, replicas, deployment } = inputs
    const wish = { alias, replicas, format, ...(deployment && { deployment }) }
    const applied = (await server.call('POST', path, wish)) as unknown as DeploymentAnswer
    const { status } = await untilReady(server, `${path}/${applied.name}`, applied, inputs.wait_seconds)
    const { url = '', version = '' } = status
    console.log(`${inputs.name} version ${version} at ${url || 'no address yet'}`)
    return { url, version }
  },
})

const FORMATS: Readonly<Record<string, string>> = { deployment: 'Deployment', kserve: 'KServe' }
const POLL_MILLIS = 500

interface DeploymentAnswer {
  readonly name: string
  readonly status: {
    readonly ready: boolean
    readonly url?: string
    readonly version?: string
    readonly conditions?: readonly { readonly status: string; readonly message: string }[]
  }
}

/** Rejects with what the deployment says of itself when it is not ready in time. */
async function untilReady(
  server: TrackingServer,
  path: string,
  first: DeploymentAnswer,
  seconds: number,
): Promise<DeploymentAnswer> {
  const deadline = Date.now() + seconds * 1000
  let last = first
  while (!last.status.ready && seconds > 0) {
    if (Date.now() > deadline) {
      const said = (last.status.conditions ?? [])
        .filter(({ status }) => status !== 'True')
        .map(({ message }) => message)
      throw new Error(`${last.name} is not ready after ${seconds} s: ${said.join('; ') || 'nothing was heard of it'}`)
    }
    await delay(POLL_MILLIS)
    last = (await server.call('GET', path)) as unknown as DeploymentAnswer
  }
  return last
}
