/**
 * The operator's loop over ModelDeployments: looks up what the alias names, applies what serves it, reports how far it is.
 * The exchange of pods itself is the Deployment's: the new version is ready before the old one goes.
 */
import { isDeepStrictEqual } from 'node:util'
import { SERVING_REASONS } from '../../api/model-deployment.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { type Informer, keyOf, startInformer } from '../../client/kube/informer.ts'
import { type KubeObject, MODEL_DEPLOYMENTS, PODS } from '../../client/kube/resources.ts'
import { isConflict, isNotFound } from '../../client/kube/transport.ts'
import { labelValue } from '../pod/pod-name.ts'
import type { Pod } from '../pod/pod-types.ts'
import { buildServing, type ServingObject, type ServingRequest } from './build-serving.ts'
import type { FoundModel, ModelFinder } from './find-model.ts'
import {
  DEPLOYMENTS,
  type Deployment,
  INFERENCE_SERVICES,
  type InferenceService,
  type ModelDeployment,
  SERVING_LABELS,
} from './model-objects.ts'
import { kserveProgress, type Progress, podTrouble, rolloutProgress, servingStatus } from './serving-status.ts'

export interface ServingControllerOptions {
  readonly kube: KubeClient
  readonly finder: ModelFinder
  readonly settings: ServingRequest['settings'] & { readonly namespace?: string | undefined }
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void
  readonly now?: () => number
  /** How often the registry is asked whether anything changed. @default 1000 */
  readonly pollMillis?: number
}

export interface ServingController {
  /** Resolves after the first look at the cluster. */
  readonly synced: Promise<void>
  stop(): Promise<void>
}

const MANAGER = 'kfp-ts-operator'
const POLL_MILLIS = 1_000
/** Every deployment is looked at so often, whatever was or was not heard of it: files that came late, KServe's answers. */
const RESYNC_MILLIS = 30_000
/** What others changed is put right so often; the rest of the time an unchanged wish costs no request. */
const REAPPLY_MILLIS = 300_000

export function startServingController(options: ServingControllerOptions): ServingController {
  const controller = new Controller(options)
  return { synced: controller.synced, stop: () => controller.stop() }
}

class Controller {
  readonly synced: Promise<void>
  readonly #options: ServingControllerOptions
  readonly #now: () => number
  readonly #models: Informer<ModelDeployment>
  readonly #deployments: Informer<Deployment>
  readonly #due = new Set<string>()
  readonly #timer: NodeJS.Timeout
  /** What was applied last, by key. */
  readonly #applied = new Map<string, { readonly wish: string; readonly generation: number; readonly at: number }>()
  #lastChange = -1
  #resyncAt = 0
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: ServingControllerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    const { namespace } = options.settings
    const common = { client: options.kube, onError: (error: unknown) => this.#trouble('watching', error) }
    this.#models = startInformer<ModelDeployment, ModelDeployment>({
      ...common,
      resource: MODEL_DEPLOYMENTS,
      selection: { namespace },
      keep: (object) => object,
      onChange: (key) => this.#wake(key),
    })
    this.#deployments = startInformer<Deployment, Deployment>({
      ...common,
      resource: DEPLOYMENTS,
      selection: { namespace, labelSelector: SERVING_LABELS.deployment },
      keep: (object) => object,
      onChange: (_key, object) => this.#wake(ownerKey(object)),
    })
    this.synced = Promise.all([this.#models.synced, this.#deployments.synced]).then(() => this.#pump())
    this.#timer = setInterval(() => void this.#poll(), options.pollMillis ?? POLL_MILLIS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await Promise.all([this.#models.stop(), this.#deployments.stop()])
    await this.#work
  }

  /** The history of the registry is append-only: while its end stays, no alias has moved. */
  async #poll(): Promise<void> {
    if (this.#models.size === 0) return
    const change = await this.#options.finder.lastChange().catch(() => -1)
    if (change === this.#lastChange && this.#now() < this.#resyncAt) return
    this.#lastChange = change
    this.#resyncAt = this.#now() + RESYNC_MILLIS
    for (const object of this.#models.values()) this.#wake(keyOf(object))
  }

  #wake(key: string | undefined): void {
    if (key === undefined) return
    this.#due.add(key)
    void this.synced.then(() => this.#pump())
  }

  /** One pass at a time: a deployment is few requests, and two passes over one must not cross. */
  #pump(): void {
    this.#work = this.#work.then(async () => {
      while (this.#due.size > 0 && !this.#stopped) {
        const [key] = this.#due
        this.#due.delete(key!)
        await this.#pass(key!).catch((error) => this.#trouble(key!, error))
      }
    })
  }

  async #pass(key: string): Promise<void> {
    const deployment = this.#models.get(key)
    if (!deployment) this.#applied.delete(key)
    if (!deployment || deployment.metadata.deletionTimestamp) return
    const found = await this.#find(deployment)
    const outcome = await this.#carryOut(deployment, found)
    const progress = await this.#withTrouble(deployment, outcome.progress)
    const status = servingStatus(deployment, { found: outcome.found, progress, now: this.#now() })
    if (isDeepStrictEqual(deployment.status, status)) return
    const { name, namespace, uid } = deployment.metadata
    // The uid makes the API server refuse the patch for a later resource of the same name.
    const patch = { metadata: { uid }, status }
    await this.#options.kube.patch(MODEL_DEPLOYMENTS, namespace, name, patch, 'status').catch((error) => {
      if (!isNotFound(error) && !isConflict(error)) throw error
    })
  }

  async #find(deployment: ModelDeployment): Promise<FoundModel> {
    try {
      return await this.#options.finder.find(deployment)
    } catch (error) {
      this.#trouble(keyOf(deployment), error)
      return { reason: 'RegistryUnavailable', message: error instanceof Error ? error.message : String(error) }
    }
  }

  /** Applies the objects of a version; without one, what serves goes on. */
  async #carryOut(
    deployment: ModelDeployment,
    found: FoundModel,
  ): Promise<{ found: FoundModel; progress?: Progress | undefined }> {
    if (!('place' in found)) {
      const old = this.#deployments.get(keyOf(deployment))
      const version = deployment.status?.version
      return { found, ...(old && version && { progress: rolloutProgress(deployment, version, old) }) }
    }
    const parts = buildServing({ ...found, deployment, settings: this.#options.settings })
    const untouched = this.#untouched(deployment, parts)
    if (untouched) return { found, progress: rolloutProgress(deployment, found.version, untouched) }
    let last: KubeObject | undefined
    try {
      for (const part of parts) last = await this.#apply(deployment, part)
    } catch (error) {
      if (error instanceof ForeignObject) return { found: { reason: 'Conflict', message: error.message } }
      if (deployment.spec.format !== 'KServe' || !isNotFound(error)) throw error
      return { found: { reason: 'KServeMissing', message: SERVING_REASONS.KServeMissing } }
    }
    const wish = JSON.stringify(parts)
    const generation = last?.metadata.generation ?? 0
    this.#applied.set(keyOf(deployment), { wish, generation, at: this.#now() })
    if (deployment.spec.format === 'KServe') {
      return { found, progress: kserveProgress(found.version, last as InferenceService) }
    }
    return { found, progress: rolloutProgress(deployment, found.version, last as Deployment) }
  }

  /** The Deployment, when it is what was applied last and that is what is wanted now. */
  #untouched(owner: ModelDeployment, parts: readonly ServingObject[]): Deployment | undefined {
    const applied = this.#applied.get(keyOf(owner))
    const seen = this.#deployments.get(keyOf(owner))
    if (!applied || !seen || owner.spec.format === 'KServe') return undefined
    const recent = this.#now() - applied.at < REAPPLY_MILLIS
    const same = seen.metadata.generation === applied.generation && applied.wish === JSON.stringify(parts)
    return recent && same ? seen : undefined
  }

  /** What a pod that does not become ready says of itself belongs where people look first. */
  async #withTrouble({ metadata }: ModelDeployment, progress: Progress | undefined): Promise<Progress | undefined> {
    if (!progress || progress.ready) return progress
    const labelSelector = `${SERVING_LABELS.deployment}=${labelValue(metadata.name)}`
    const { items } = await this.#options.kube.list<Pod>(PODS, { namespace: metadata.namespace, labelSelector })
    const trouble = podTrouble(items)
    return trouble === undefined ? progress : { ...progress, message: `${progress.message}: ${trouble}` }
  }

  /** Nothing of somebody else's is touched. */
  async #apply(owner: ModelDeployment, { resource, object }: ServingObject): Promise<KubeObject> {
    const { kube } = this.#options
    const { namespace, name } = object.metadata
    const there = await kube.get<KubeObject>(resource, namespace, name).catch((error) => {
      if (isNotFound(error) && resource !== INFERENCE_SERVICES) return undefined
      if (isNotFound(error) && /inferenceservices.* not found/.test(String(error))) return undefined
      throw error
    })
    const ours = there?.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)
    if (there && !ours) throw new ForeignObject(resource.plural, name)
    return await kube.apply(resource, namespace, object, { manager: MANAGER, force: true })
  }

  #trouble(what: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#options.log('warn', `a model deployment could not be looked at: ${message}`, { deployment: what })
  }
}

class ForeignObject extends Error {
  constructor(plural: string, name: string) {
    super(
      `${plural}/${name} is there already and belongs to somebody else: delete it, or name the ModelDeployment otherwise`,
    )
  }
}

function ownerKey({ metadata }: KubeObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'ModelDeployment')
  return owner && `${metadata.namespace}/${owner.name}`
}
