/** An operator with the server beside it, accounts with rights of their own, and requests under their tokens. */
import type { KubeObject, Resource } from '../../../client/kube/resources.ts'
import { freePort } from '../../free-port.ts'
import { mayDo } from './access.ts'
import { kube, type OperatorProcess, type Place, startOperatorProcess, until } from './cluster.ts'
import { hostAddress } from './servers.ts'

/** Where pods reach processes of this machine. */
export const HOST = hostAddress()

export interface ServedOperator extends OperatorProcess {
  readonly url: string
}

/** @param options.port the same one after a kill, so that clients and pods find it again */
export async function startServedOperator(
  place: Place,
  extra: readonly string[] = [],
  { port, environment }: { readonly port?: number; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<ServedOperator> {
  const at = port ?? (await freePort(HOST))
  const url = `http://${HOST}:${at}`
  const operator = await startOperatorProcess(
    place,
    ['--serve', `${HOST}:${at}`, '--serve-url', url, ...extra],
    environment,
  )
  await until('the server answers', async () => (await fetch(`${url}/health`)).ok).catch(async (error) => {
    await operator.kill('SIGKILL')
    throw error
  })
  return { ...operator, url }
}

const ACCOUNTS: Resource = { group: '', version: 'v1', plural: 'serviceaccounts' }
const ROLES: Resource = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles' }
const BINDINGS: Resource = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'rolebindings' }

/** KFP's own verbs on the kinds that its roles name. */
export const ALL_RIGHTS = { resources: ['*'], verbs: ['*'] }
const GROUP = 'pipelines.kubeflow.org'

/**
 * Makes a service account with these rights on KFP's group in the namespace, and waits until it has them: a server that
 * was told "no" once believes that for a while.
 */
export async function makeAccount(
  place: Place,
  name: string,
  rights?: { readonly resources: readonly string[]; readonly verbs: readonly string[] },
): Promise<void> {
  const { namespace } = place
  await kube.create(ACCOUNTS, namespace, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
  if (!rights) return
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  await kube.create(ROLES, namespace, {
    apiVersion,
    kind: 'Role',
    metadata: { name },
    rules: [{ apiGroups: [GROUP], ...rights }],
  } as KubeObject)
  await kube.create(BINDINGS, namespace, {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  } as KubeObject)
  const attempted = { namespace, group: GROUP, resource: rights.resources[0]!, verb: rights.verbs[0]! }
  await until('the account has its rights', async () => await mayDo(`${namespace}:${name}`, attempted))
}

/** A token as a pod would have it projected. */
export async function tokenOf(place: Place, account: string, audiences: readonly string[] = [GROUP]): Promise<string> {
  const path = `/api/v1/namespaces/${place.namespace}/serviceaccounts/${account}/token`
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences, expirationSeconds: 3600 },
  }
  const answer = JSON.parse(await kube.raw({ method: 'POST', path, body })) as { status: { token: string } }
  return answer.status.token
}

/** Makes an experiment of the place by KFP's API. */
export async function makeExperiment(ask: Ask, place: Place, name: string): Promise<string> {
  const body = { display_name: name, namespace: place.namespace }
  const answer = await ask('POST', '/apis/v2beta1/experiments', body)
  if (answer.status !== 200) throw new Error(`no experiment "${name}": ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body.experiment_id
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
  readonly body: any
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>

/** Requests with one token; bodies are JSON. */
export function clientOf(url: string, token: string | undefined, headers: Readonly<Record<string, string>> = {}): Ask {
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: /^[[{]/.test(text) ? JSON.parse(text) : text }
  }
}
