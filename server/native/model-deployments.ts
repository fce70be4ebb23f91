/** Deployments of models: what deploy_model asks for, and how far each is. Before: index.ts. After: the port ModelDeployments. */
import { SERVING_FORMATS, type ServingFormat } from '../../api/model-deployment.ts'
import { invalid, notFound } from '../../store/metadata/errors.ts'
import { findServable } from '../../store/metadata/servable.ts'
import type { DeployedModel, DeploymentWish } from '../model-deployments.ts'
import type { NativeCall, NativeRoute } from './route.ts'

const LARGEST_REPLICAS = 1000
const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** `{deployment?, alias? | version?, replicas?, format?}`; the name is made of model and alias unless it is given. */
async function deploy(call: NativeCall) {
  const { services, caller, body } = call
  const wish = readWish(call)
  const name = body.text('deployment', 63) || deploymentName(wish)
  if (!NAME.test(name)) throw invalid(`deployment must be a DNS label such as iris-champion, got '${name}'`)
  // An unknown model, alias or version is the caller's mistake, told at once.
  await findServable(services.metadata.db, caller.namespace, wish)
  const there = (await services.modelDeployments.list(caller.namespace)).find((one) => one.name === name)
  if (there && there.spec.model !== wish.model) {
    throw invalid(`deployment '${name}' serves the model ${there.spec.model}: take another name`)
  }
  return json(await services.modelDeployments.apply(caller.namespace, name, wish))
}

function readWish({ params, body }: NativeCall): DeploymentWish {
  const [alias, version, format] = [body.text('alias', 255), body.text('version', 15), body.text('format', 20)]
  if (Boolean(alias) === Boolean(version)) throw invalid('give alias or version, one of the two')
  const replicas = body.integer('replicas')
  if (replicas !== undefined && (replicas < 0 || replicas > LARGEST_REPLICAS)) {
    throw invalid(`replicas must be from 0 to ${LARGEST_REPLICAS}`)
  }
  if (format && !SERVING_FORMATS.includes(format as ServingFormat)) {
    throw invalid(`format must be one of ${SERVING_FORMATS.join(', ')}`)
  }
  return {
    model: params['name']!,
    ...(alias && { alias }),
    ...(version && { version }),
    ...(replicas !== undefined && { replicas }),
    ...(format && { format: format as ServingFormat }),
  }
}

/** A DNS label from the names of model and alias. */
export function deploymentName({ model, alias, version }: DeploymentWish): string {
  const label = `${model}-${alias ?? `v${version}`}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return (
    label
      .replace(/^[^a-z]+/, '')
      .slice(0, 63)
      .replace(/-+$/, '') || 'model'
  )
}

async function ofModel({ services, caller, params }: NativeCall): Promise<DeployedModel[]> {
  return (await services.modelDeployments.list(caller.namespace)).filter(({ spec }) => spec.model === params['name'])
}

async function list(call: NativeCall) {
  return { deployments: (await ofModel(call)).map(json) }
}

async function find(call: NativeCall): Promise<DeployedModel> {
  const name = call.params['deployment']!
  const found = (await ofModel(call)).find((one) => one.name === name)
  if (!found) throw notFound(`Model ${call.params['name']} has no deployment ${name}`)
  return found
}

async function remove(call: NativeCall) {
  const { name } = await find(call)
  await call.services.modelDeployments.remove(call.caller.namespace, name)
  return {}
}

function json({ name, spec, status }: DeployedModel) {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return { name, ...spec, status: { ...status, ready: ready?.status === 'True' } }
}

const resource = 'models'

export const MODEL_DEPLOYMENT_ROUTES: readonly NativeRoute[] = [
  { method: 'POST', path: '/models/:name/deployments', verb: 'update', resource, handle: deploy },
  { method: 'GET', path: '/models/:name/deployments', verb: 'list', resource, handle: list },
  {
    method: 'GET',
    path: '/models/:name/deployments/:deployment',
    verb: 'get',
    resource,
    handle: async (call) => json(await find(call)),
  },
  { method: 'DELETE', path: '/models/:name/deployments/:deployment', verb: 'delete', resource, handle: remove },
]
