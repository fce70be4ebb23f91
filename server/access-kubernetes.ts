/** Access in a cluster: bearer tokens by TokenReview, rights by SubjectAccessReview on KFP's group, as its installations grant them. */
import { createHash } from 'node:crypto'
import type { KubeClient } from '../client/kube/client.ts'
import type { KubeObject, Resource as KubeResource } from '../client/kube/resources.ts'
import { isTransient, KubeError } from '../client/kube/transport.ts'
import type { Access, Identity, Resource, Verb } from './access.ts'
import { HttpError } from './problem.ts'
import { bearerToken } from './run-tokens.ts'

const TOKEN_REVIEWS: KubeResource = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews' }
const ACCESS_REVIEWS: KubeResource = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' }
const GROUP = 'pipelines.kubeflow.org'

/** How long an answer of the API server is believed: short, for a right that is taken away ends with it. */
const BELIEVED_MILLIS = 10_000
const MOST_ANSWERS = 10_000

interface Answer<T> {
  readonly until: number
  readonly value: Promise<T>
}

/** Answers kept for a short time; failures are not kept. */
class Answers<T> {
  readonly #kept = new Map<string, Answer<T>>()

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = Date.now()
    const known = this.#kept.get(key)
    if (known && known.until > now) return await known.value
    const value = ask()
    if (this.#kept.size >= MOST_ANSWERS) this.#kept.clear()
    this.#kept.set(key, { until: now + BELIEVED_MILLIS, value })
    value.catch(() => this.#kept.delete(key))
    return await value
  }
}

interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string; readonly audiences?: readonly string[] }
  readonly status?: {
    readonly authenticated?: boolean
    readonly user?: { readonly username?: string; readonly groups?: readonly string[] }
  }
}

interface AccessReview extends KubeObject {
  readonly spec: object
  readonly status?: { readonly allowed?: boolean }
}

/**
 * @param audiences what tokens must be meant for; KFP's clients send `pipelines.kubeflow.org`
 */
export function kubernetesAccess(kube: KubeClient, audiences: readonly string[] = [GROUP]): Access {
  const identities = new Answers<Identity | undefined>()
  const rights = new Answers<boolean>()
  return {
    multiUser: true,
    authenticate: async (headers) => {
      const token = bearerToken(headers)
      if (!token) return undefined
      // The token itself is not kept.
      const key = createHash('sha256').update(token).digest('base64')
      return await identities.get(key, () => reviewToken(kube, token, audiences))
    },
    allows: async ({ actor, groups }, verb, resource, namespace) => {
      const key = JSON.stringify([actor, groups, verb, resource, namespace])
      return await rights.get(key, () => reviewAccess(kube, { actor, groups }, verb, resource, namespace))
    },
  }
}

/** Rejects with 503 while the cluster can't be asked: nobody is let in then, and it is no fault of the caller. */
async function ask<T extends KubeObject>(kube: KubeClient, reviews: KubeResource, review: T): Promise<T> {
  try {
    return await kube.create<T>(reviews, undefined, review)
  } catch (error) {
    const isForbidden = error instanceof KubeError && error.status === 403
    if (!isForbidden && !isTransient(error)) throw error
    const why = isForbidden ? `the server's account needs "create" on ${reviews.plural}` : 'try again'
    throw new HttpError(503, `The cluster can not be asked who calls: ${why}`)
  }
}

async function reviewToken(
  kube: KubeClient,
  token: string,
  audiences: readonly string[],
): Promise<Identity | undefined> {
  const review = await ask<TokenReview>(kube, TOKEN_REVIEWS, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token, audiences },
  } as unknown as TokenReview)
  const name = review.status?.user?.username
  if (!review.status?.authenticated || !name) return undefined
  return { actor: name, groups: review.status.user?.groups ?? [] }
}

/** Models, artifacts and logs have no resource in KFP's roles: they go with experiments and runs. */
const KFP_RESOURCE: Readonly<Record<Resource, string>> = {
  experiments: 'experiments',
  runs: 'runs',
  jobs: 'jobs',
  pipelines: 'pipelines',
  models: 'experiments',
  artifacts: 'runs',
  logs: 'runs',
}

async function reviewAccess(
  kube: KubeClient,
  { actor, groups }: Identity,
  verb: Verb,
  resource: Resource,
  namespace: string,
): Promise<boolean> {
  const review = await ask<AccessReview>(kube, ACCESS_REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: actor,
      groups,
      resourceAttributes: { namespace, verb, group: GROUP, resource: KFP_RESOURCE[resource] },
    },
  } as unknown as AccessReview)
  return review.status?.allowed === true
}
