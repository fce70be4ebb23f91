/** Turns a start-attempt action into a Pod. Pure. Before: the engine resolved everything. After: carry-out.ts creates it, read-pod.ts reads it. */
import type { JsonObject } from '../../api/json.ts'
import { API_GROUP, API_VERSION, LABELS, type PodDefaults, TASK_PATH_ANNOTATION } from '../../api/pipeline-run.ts'
import type { Launch, TaskPath } from '../../engine/types.ts'
import { keepDollars } from './dollars.ts'
import { type PodParts, podPartsOf } from './kubernetes-config.ts'
import { labelValue, podName } from './pod-name.ts'
import { type Container, type EnvVar, MAIN_CONTAINER, type Pod, type Volume, type VolumeMount } from './pod-types.ts'
import { scaleQuantity } from './quantity.ts'
import { launcherContainer, type ObjectStorePods, PUBLISH_GRACE_SECONDS } from './staging.ts'

export interface VolumeClaimStore {
  readonly claimName: string
  /** Folder of the claim that is the store: what lies beside it, such as a database, no step sees. @default the whole claim */
  readonly subPath?: string | undefined
}

/** What all pods of an operator have in common. */
export interface PodSettings {
  /** The store as pods see it. */
  readonly store: VolumeClaimStore | { readonly hostPath: string } | { readonly objects: ObjectStorePods }
  /** Where steps find the store. */
  readonly mountPath: string
  /** @default 10 */
  readonly terminationGraceSeconds?: number | undefined
  /** User and group of steps under restricted security. @default 65532 */
  readonly runAsUser?: number | undefined
  /** Seconds a pod stays bound to a node that is not reachable. @default 30 */
  readonly nodeLostSeconds?: number | undefined
}

export interface PodRequest {
  readonly run: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly runId: string
    readonly pipeline: string
  }
  readonly task: TaskPath
  readonly attempt: number
  readonly launch: Launch
  readonly defaults: PodDefaults
  readonly serviceAccountName?: string | undefined
  readonly settings: PodSettings
  /** The run's workspace, for steps that use it: a folder of the store's volume, or a claim. */
  readonly workspace?: { readonly subPath: string } | { readonly claimName: string } | undefined
  /** Nothing is staged: the pod is one of ours. @default false */
  readonly withoutLauncher?: boolean | undefined
  /** Where the launcher leaves its result; only with an object store. */
  readonly resultUri?: string | undefined
  /** Memory is multiplied by it after OOM kills. @default 1 */
  readonly memoryFactor?: number | undefined
  readonly maxMemory?: string | undefined
  /** What the step needs to log to the server. */
  readonly tracking?: readonly EnvVar[] | undefined
}

const STORE_VOLUME = 'kfp-ts-store'
/** Copies of objects lie where the SDKs' steps look for them by the URI alone. */
const STAGING_VOLUMES = [
  { name: 'kfp-ts-s3', mountPath: '/s3' },
  { name: 'kfp-ts-minio', mountPath: '/minio' },
] as const
const WORKSPACE_VOLUME = 'kfp-ts-workspace'
/** Where steps find what all steps of their run share. */
export const WORKSPACE_PATH = '/kfp-workspace'
const DEFAULT_USER = 65532

export function buildPod(request: PodRequest): Pod {
  const { run, task, attempt, launch, defaults, settings } = request
  const parts = onOneStoreVolume(podPartsOf(launch.kubernetes), settings)
  const restricted = (defaults.security ?? 'Restricted') === 'Restricted'
  const volumes = [...storeVolumes(settings), ...workspaceVolume(request), ...parts.volumes]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(run.name, run.uid, task, attempt),
      namespace: run.namespace,
      labels: {
        ...defaults.labels,
        ...parts.labels,
        [LABELS.run]: run.uid,
        [LABELS.runName]: labelValue(run.name),
        [LABELS.pipeline]: labelValue(run.pipeline),
        [LABELS.task]: labelValue(launch.taskKey),
        [LABELS.attempt]: String(attempt),
      },
      annotations: { ...defaults.annotations, ...parts.annotations, [TASK_PATH_ANNOTATION]: task },
      ownerReferences: [
        {
          apiVersion: `${API_GROUP}/${API_VERSION}`,
          kind: 'PipelineRun',
          name: run.name,
          uid: run.uid,
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: request.serviceAccountName,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds:
        'objects' in settings.store ? PUBLISH_GRACE_SECONDS : (settings.terminationGraceSeconds ?? 10),
      activeDeadlineSeconds: deadlineSeconds(launch, parts),
      securityContext: podSecurity(restricted, parts, settings),
      nodeSelector: nonEmpty({ ...defaults.nodeSelector, ...parts.nodeSelector }),
      tolerations: [...(defaults.tolerations ?? []), ...parts.tolerations, ...nodeLost(settings)],
      affinity: parts.affinity,
      imagePullSecrets: nonEmptyList([...(defaults.imagePullSecrets ?? []), ...parts.imagePullSecrets]),
      priorityClassName: defaults.priorityClassName,
      volumes,
      initContainers: nonEmptyList([
        ...staging(request, restricted),
        ...parts.initContainers.map((container) => beside(container, parts, restricted)),
      ]),
      containers: [mainContainer(request, parts, restricted)],
    },
  }
}

function staging({ settings, launch, resultUri, withoutLauncher }: PodRequest, restricted: boolean): Container[] {
  if (!('objects' in settings.store) || withoutLauncher) return []
  const common = {
    volumeMounts: storeMounts(settings),
    securityContext: containerSecurity(restricted),
  }
  return [launcherContainer(settings.store.objects, launch, resultUri ?? '', common)]
}

/** A container of the author beside the step. */
function beside(container: Container, parts: PodParts, restricted: boolean): Container {
  return {
    ...container,
    imagePullPolicy: parts.imagePullPolicy ?? 'IfNotPresent',
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: containerSecurity(restricted),
  }
}

function mainContainer(request: PodRequest, parts: PodParts, restricted: boolean): Container {
  const { launch, settings } = request
  const mounts: VolumeMount[] = [...storeMounts(settings), ...parts.mounts]
  const { workspace } = request
  if (launch.usesWorkspace && workspace) {
    const where =
      'subPath' in workspace
        ? { name: STORE_VOLUME, ...inStore(settings, workspace.subPath) }
        : { name: WORKSPACE_VOLUME }
    mounts.push({ ...where, mountPath: WORKSPACE_PATH })
  }
  const env = environment(request, parts, restricted)
  const variables = new Set(env.map(({ name }) => name))
  const asWritten = (text: string) => keepDollars(text, variables)
  return {
    name: MAIN_CONTAINER,
    image: launch.image,
    command: nonEmptyList(launch.command.map(asWritten)),
    args: nonEmptyList(launch.args.map(asWritten)),
    env,
    volumeMounts: mounts,
    resources: resources(request),
    // Kubernetes pulls `:latest` anew each time by default; a step whose image is there does not wait for a registry.
    imagePullPolicy: parts.imagePullPolicy ?? 'IfNotPresent',
    // The end of the log becomes the message of a failed container: no request is needed to tell why it failed.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: containerSecurity(restricted),
  }
}

function environment(request: PodRequest, parts: PodParts, restricted: boolean): EnvVar[] {
  const { launch, defaults, attempt, run, tracking = [] } = request
  const own: EnvVar[] = [
    { name: 'KFP_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'KFP_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: 'KFP_RUN_ID', value: run.runId },
    { name: 'KFP_RETRY_INDEX', value: String(attempt - 1) },
    // A user without an entry in the image's user list has / as its home, where it may not write.
    ...(restricted ? [{ name: 'HOME', value: '/tmp' }] : []),
  ]
  const names = new Set([...launch.env, ...parts.env].map(({ name }) => name))
  const ofStep = launch.env.map(({ name, value }) => ({ name, value: keepDollars(value, names) }))
  const given = [...(defaults.env ?? []), ...ofStep, ...parts.env]
  // A step with a tracking server of its own must not send our token there.
  const tracked = given.some(({ name }) => name === 'MLFLOW_TRACKING_URI') ? [] : tracking
  const byName = new Map<string, EnvVar>()
  for (const variable of [...own, ...tracked, ...given]) {
    // At the place of the last: a value may mention variables that stand before it only.
    byName.delete(variable.name)
    byName.set(variable.name, variable)
  }
  return [...byName.values()]
}

function resources({ launch, defaults, memoryFactor = 1, maxMemory }: PodRequest): Container['resources'] {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit, accelerator } = launch.resources
  const scale = (quantity: string | undefined) =>
    quantity === undefined || memoryFactor === 1 ? quantity : scaleQuantity(quantity, memoryFactor, maxMemory)
  // A default limit below what the step requests would make the pod invalid.
  const limits = {
    cpu: cpuLimit ?? (cpuRequest === undefined ? defaults.resources?.cpu : undefined),
    memory: scale(memoryLimit ?? (memoryRequest === undefined ? defaults.resources?.memory : undefined)),
    ...(accelerator && Number(accelerator.count) > 0 ? { [accelerator.type]: accelerator.count } : {}),
  }
  return { requests: nonEmpty({ cpu: cpuRequest, memory: scale(memoryRequest) }), limits: nonEmpty(limits) }
}

/** The engine ends an attempt at its limit; the pod's own deadline holds when no operator is there to do so. */
function deadlineSeconds(launch: Launch, parts: PodParts): number | undefined {
  const limits = [
    launch.timeoutMillis === undefined ? undefined : Math.ceil(launch.timeoutMillis / 1000) + 5,
    parts.activeDeadlineSeconds,
  ].filter((limit) => limit !== undefined)
  return limits.length > 0 ? Math.min(...limits) : undefined
}

/** What pods of steps and of models run as. */
export function podSecurity(
  restricted: boolean,
  parts: Pick<PodParts, 'runAsUser' | 'runAsGroup' | 'runAsNonRoot'>,
  settings: PodSettings,
): JsonObject | undefined {
  const given = { runAsUser: parts.runAsUser, runAsGroup: parts.runAsGroup, runAsNonRoot: parts.runAsNonRoot }
  if (!restricted) return nonEmpty(given)
  const user = settings.runAsUser ?? DEFAULT_USER
  // A step that asks for root by its own configuration is refused by the restricted profile: the profile wins.
  const runAsUser = given.runAsUser === undefined || given.runAsUser === 0 ? user : given.runAsUser
  return {
    runAsNonRoot: true,
    runAsUser,
    runAsGroup: given.runAsGroup ?? user,
    fsGroup: user,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  }
}

export function containerSecurity(restricted: boolean): JsonObject | undefined {
  if (!restricted) return undefined
  return { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
}

/** Pods leave a lost node sooner than the cluster's five minutes: a retry elsewhere is cheap. */
function nodeLost(settings: PodSettings): JsonObject[] {
  const tolerationSeconds = settings.nodeLostSeconds ?? 30
  return ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  }))
}

export function storeVolume({ store }: PodSettings, name = STORE_VOLUME): Volume {
  if ('claimName' in store) return { name, persistentVolumeClaim: { claimName: store.claimName } }
  if ('objects' in store) return { name, emptyDir: {} }
  return { name, hostPath: { path: store.hostPath, type: 'Directory' } }
}

function storeVolumes(settings: PodSettings): Volume[] {
  const staging = 'objects' in settings.store ? STAGING_VOLUMES : []
  return [storeVolume(settings), ...staging.map(({ name }) => ({ name, emptyDir: {} }))]
}

function storeMounts(settings: PodSettings): VolumeMount[] {
  const { store, mountPath } = settings
  return [{ name: STORE_VOLUME, mountPath, ...inStore(settings) }, ...('objects' in store ? STAGING_VOLUMES : [])]
}

/** The part of the store's volume that a path of the store is; empty for the volume as a whole. */
export function inStore({ store }: PodSettings, path?: string): { readonly subPath?: string } {
  const parts = ['claimName' in store ? store.subPath : undefined, path].filter((part) => part !== undefined)
  return parts.length > 0 ? { subPath: parts.join('/') } : {}
}

function workspaceVolume({ launch, workspace }: PodRequest): Volume[] {
  if (!launch.usesWorkspace || !workspace || !('claimName' in workspace)) return []
  return [{ name: WORKSPACE_VOLUME, persistentVolumeClaim: { claimName: workspace.claimName } }]
}

/** A step may mount the claim of the store itself: kubelets never get done with a pod that has one claim as two volumes. */
function onOneStoreVolume(parts: PodParts, settings: PodSettings): PodParts {
  const { store } = settings
  const claim = 'claimName' in store ? store.claimName : undefined
  const same = parts.volumes.filter(
    ({ persistentVolumeClaim: volume }) => (volume as { claimName?: string } | undefined)?.claimName === (claim ?? ''),
  )
  if (same.length === 0) return parts
  const names = new Set(same.map(({ name }) => name))
  const onStore = (mount: VolumeMount): VolumeMount =>
    names.has(mount.name) ? { ...mount, name: STORE_VOLUME, ...inStore(settings, mount.subPath) } : mount
  return {
    ...parts,
    volumes: parts.volumes.filter(({ name }) => !names.has(name)),
    mounts: parts.mounts.map(onStore),
    initContainers: parts.initContainers.map((container) => ({
      ...container,
      volumeMounts: container.volumeMounts?.map(onStore),
    })),
  }
}

export function nonEmpty<T extends object>(value: T): (Record<string, string> & T) | undefined {
  const known = Object.entries(value).filter(([, item]) => item !== undefined)
  return known.length > 0 ? (Object.fromEntries(known) as Record<string, string> & T) : undefined
}
function nonEmptyList<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}
