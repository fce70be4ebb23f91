/** Kubernetes settings of tasks, and persistent volume claims as tasks (kfp-ir.md chapter 4). Each function gives its task back. */

import type { JsonObject } from '../api/json.ts'
import type { InitContainer, KubernetesExecutorConfig } from '../api/platform-spec.ts'
import { isConstant } from './constant.ts'
import { defineContainerComponent } from './container.ts'
import { here } from './location.ts'
import { ParameterRef } from './refs.ts'
import { currentScope, report } from './scope.ts'
import { brandOf, hasBrand } from './shared.ts'
import type { AnyTask } from './task.ts'
import { t } from './types/index.ts'

/** A name, or a parameter that holds it. When the parameter is missing at run time, the setting is left out. */
type Name = string | ParameterRef<string> | ParameterRef<string | undefined>

const SOURCE = brandOf('parameter-source')

/** A reference where the platform document takes one. Elsewhere in a setting references are mistakes. */
export class ParameterSource {
  static [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, SOURCE)
  }

  readonly [SOURCE] = true
  readonly ref: ParameterRef
  /** Its source stands among the fields of the object that it is in. */
  readonly isInline: boolean

  constructor(ref: ParameterRef, isInline = false) {
    this.ref = ref
    this.isInline = isInline
  }
}

function set<T extends AnyTask>(task: T, field: keyof KubernetesExecutorConfig, value: unknown): T {
  const { settings } = task.node
  const hint =
    'use a constant; names of secrets, config maps and claims, and settings in JSON, may be a whole reference: let a component make the text'
  if (!isConstant(value, `the kubernetes setting "${field}"`, hint)) return task
  settings.kubernetes = [...(settings.kubernetes ?? []), { field, value, site: here() }]
  return task
}

/** The parameter form of a value: a reference, or a constant. */
function parameter(value: unknown): unknown {
  return value instanceof ParameterRef ? new ParameterSource(value) : { runtimeValue: { constant: value } }
}

/** A name in the new form, and for constants in the old one too, for older backends. */
function named(field: string, name: Name): Record<string, unknown> {
  return { [`${field}Parameter`]: parameter(name), ...(typeof name === 'string' ? { [field]: name } : {}) }
}

function refuse(code: string, message: string, hint: string): void {
  report(currentScope('a kubernetes setting'), { code, message, hint, site: here() })
}

/** Environment variables from keys of a secret: `keyToEnv` is `{ <key>: <variable> }`. */
function useSecretAsEnv<T extends AnyTask>(
  task: T,
  options: {
    readonly secretName: Name
    readonly keyToEnv: Readonly<Record<string, string>>
    readonly optional?: boolean
  },
): T {
  const keyToEnv = Object.entries(options.keyToEnv).map(([secretKey, envVar]) => ({ secretKey, envVar }))
  return set(task, 'secretAsEnv', [
    { ...named('secretName', options.secretName), keyToEnv, optional: options.optional ?? false },
  ])
}

/** Files of a secret in a folder. */
function useSecretAsVolume<T extends AnyTask>(
  task: T,
  options: { readonly secretName: Name; readonly mountPath: string; readonly optional?: boolean },
): T {
  const { secretName, mountPath, optional = false } = options
  return set(task, 'secretAsVolume', [{ ...named('secretName', secretName), mountPath, optional }])
}

/** Environment variables from keys of a config map: `keyToEnv` is `{ <key>: <variable> }`. */
function useConfigMapAsEnv<T extends AnyTask>(
  task: T,
  options: {
    readonly configMapName: Name
    readonly keyToEnv: Readonly<Record<string, string>>
    readonly optional?: boolean
  },
): T {
  const keyToEnv = Object.entries(options.keyToEnv).map(([configMapKey, envVar]) => ({ configMapKey, envVar }))
  return set(task, 'configMapAsEnv', [
    { ...named('configMapName', options.configMapName), keyToEnv, optional: options.optional ?? false },
  ])
}

function useConfigMapAsVolume<T extends AnyTask>(
  task: T,
  options: { readonly configMapName: Name; readonly mountPath: string; readonly optional?: boolean },
): T {
  const { configMapName, mountPath, optional = false } = options
  return set(task, 'configMapAsVolume', [{ ...named('configMapName', configMapName), mountPath, optional }])
}

/** A field of the pod as an environment variable, such as `metadata.name`. */
function useFieldPathAsEnv<T extends AnyTask>(task: T, name: string, fieldPath: string): T {
  return set(task, 'fieldPathAsEnv', [{ name, fieldPath }])
}

/** Mounts a persistent volume claim that exists or that `createPvc` makes. */
function mountPvc<T extends AnyTask>(
  task: T,
  options: { readonly pvcName: Name; readonly mountPath: string; readonly subPath?: string },
): T {
  const { pvcName, mountPath, subPath } = options
  const old = typeof pvcName === 'string' ? { constant: pvcName } : { inline: new ParameterSource(pvcName, true) }
  const entry = {
    mountPath,
    pvcNameParameter: parameter(pvcName),
    ...old,
    ...(subPath === undefined ? {} : { subPath }),
  }
  return set(task, 'pvcMount', [entry])
}

/** A volume that lives as long as the task's pod. */
function addEphemeralVolume<T extends AnyTask>(
  task: T,
  options: {
    readonly volumeName: string
    readonly mountPath: string
    readonly accessModes: readonly string[]
    readonly size: string
    /** @default the cluster's default class */
    readonly storageClassName?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  },
): T {
  const { labels, annotations, storageClassName, ...rest } = options
  const storage = storageClassName === undefined ? { defaultStorageClass: true } : { storageClassName }
  const metadata =
    labels || annotations
      ? { metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } }
      : {}
  return set(task, 'genericEphemeralVolume', [{ ...rest, ...storage, ...metadata }])
}

/** An empty folder that all containers of the pod share. */
function emptyDirMount<T extends AnyTask>(
  task: T,
  options: {
    readonly volumeName: string
    readonly mountPath: string
    readonly medium?: 'Memory' | 'HugePages'
    readonly sizeLimit?: string
  },
): T {
  return set(task, 'emptyDirMounts', [options])
}

/** Shared memory of another size than the 64 MiB that containers have. */
function enableSharedMemory<T extends AnyTask>(
  task: T,
  options: { readonly volumeName?: string; readonly size?: string } = {},
): T {
  return set(task, 'enabledSharedMemory', { volumeName: 'shm', ...options })
}

/** Only nodes with this label. */
function addNodeSelector<T extends AnyTask>(task: T, label: string, value: string): T {
  return set(task, 'nodeSelector', { labels: { [label]: value } })
}
/** Labels of nodes as an object, which may be a parameter. Goes before single labels. */
function addNodeSelectorJson<T extends AnyTask>(task: T, labels: ParameterRef | Readonly<Record<string, string>>): T {
  return set(task, 'nodeSelector', { nodeSelectorJson: parameter(labels) })
}

interface TolerationOptions {
  readonly key?: string
  readonly operator?: 'Equal' | 'Exists'
  readonly value?: string
  readonly effect?: 'NoExecute' | 'NoSchedule' | 'PreferNoSchedule'
  readonly tolerationSeconds?: number
}
function addToleration<T extends AnyTask>(task: T, options: TolerationOptions): T {
  const { tolerationSeconds, ...rest } = options
  const seconds = tolerationSeconds === undefined ? {} : { tolerationSeconds: String(tolerationSeconds) }
  return set(task, 'tolerations', [{ ...rest, ...seconds }])
}
/** One toleration or a list of them, which may be a parameter. */
function addTolerationJson<T extends AnyTask>(
  task: T,
  tolerations: ParameterRef | TolerationOptions | readonly TolerationOptions[],
): T {
  if (tolerations instanceof ParameterRef) return set(task, 'tolerations', [{ tolerationJson: parameter(tolerations) }])
  const list = Array.isArray(tolerations)
    ? (tolerations as readonly TolerationOptions[])
    : [tolerations as TolerationOptions]
  for (const toleration of list) addToleration(task, toleration)
  return task
}

interface NodeMatch {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  readonly values?: readonly string[]
}
/** Nodes that the pod must run on or, with a weight from 1 to 100, should. */
function addNodeAffinity<T extends AnyTask>(
  task: T,
  options: {
    readonly matchExpressions?: readonly NodeMatch[]
    readonly matchFields?: readonly NodeMatch[]
    readonly weight?: number
  },
): T {
  const { weight } = options
  if (weight !== undefined && !(weight >= 1 && weight <= 100)) {
    refuse(
      'wrong-weight',
      `the weight of a node affinity cannot be ${weight}`,
      'use a number from 1 to 100, or leave it out to require the nodes',
    )
  }
  return set(task, 'nodeAffinity', [options])
}
/** A Kubernetes NodeAffinity object, which may be a parameter. */
function addNodeAffinityJson<T extends AnyTask>(task: T, affinity: ParameterRef | JsonObject): T {
  return set(task, 'nodeAffinity', [{ nodeAffinityJson: parameter(affinity) }])
}
/** A PodAffinity term; KFP has the field and no helper for it. */
function addPodAffinity<T extends AnyTask>(task: T, term: JsonObject): T {
  return set(task, 'podAffinity', [term])
}

function addPodLabel<T extends AnyTask>(task: T, key: string, value: string): T {
  return set(task, 'podMetadata', { labels: { [key]: value } })
}
function addPodAnnotation<T extends AnyTask>(task: T, key: string, value: string): T {
  return set(task, 'podMetadata', { annotations: { [key]: value } })
}

/** Secrets that images are pulled with. */
function setImagePullSecrets<T extends AnyTask>(task: T, names: readonly Name[]): T {
  return set(
    task,
    'imagePullSecret',
    names.map((name) => named('secretName', name)),
  )
}
function setImagePullPolicy<T extends AnyTask>(task: T, policy: 'Always' | 'Never' | 'IfNotPresent'): T {
  if (!['Always', 'Never', 'IfNotPresent'].includes(policy)) {
    refuse('wrong-pull-policy', `"${policy}" is no image pull policy`, 'use Always, Never or IfNotPresent')
  }
  return set(task, 'imagePullPolicy', policy)
}

/** Ends the task's pod when it takes longer. @param seconds whole, from 0 (no limit) */
function setTimeoutSeconds<T extends AnyTask>(task: T, seconds: number): T {
  if (!Number.isInteger(seconds) || seconds < 0) {
    refuse('wrong-timeout', `a timeout cannot be ${seconds} seconds`, 'use a whole number from 0')
  }
  return set(task, 'activeDeadlineSeconds', String(seconds))
}

/** User and group that the container runs as. */
function setSecurityContext<T extends AnyTask>(
  task: T,
  options: { readonly runAsUser?: number; readonly runAsGroup?: number; readonly runAsNonRoot?: boolean },
): T {
  const { runAsUser, runAsGroup, runAsNonRoot } = options
  const wrong = [runAsUser, runAsGroup].find((id) => id !== undefined && (!Number.isInteger(id) || id < 0))
  if (wrong !== undefined) refuse('wrong-security-context', `${wrong} is no user or group`, 'use a whole number from 0')
  return set(task, 'securityContext', {
    ...(runAsUser === undefined ? {} : { runAsUser: String(runAsUser) }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: String(runAsGroup) }),
    ...(runAsNonRoot === undefined ? {} : { runAsNonRoot }),
  })
}

/**
 * The task's pod counts against a pool of the operator (`--pool NAME=SIZE`) by its weight. kfp-ts only: a stock Kubeflow ignores it.
 *
 * @param weight whole, from 1 (the default)
 */
function setPool<T extends AnyTask>(task: T, name: string, options: { readonly weight?: number } = {}): T {
  const { weight = 1 } = options
  if (name === '' || !Number.isInteger(weight) || weight < 1) {
    refuse('wrong-pool', `a task cannot take ${weight} of pool "${name}"`, 'name a pool, and a whole weight from 1')
  }
  return set(task, 'pool', { name, weight })
}

/** A container that runs before the task's own, or beside it with `restartPolicy: 'Always'`. */
function addInitContainer<T extends AnyTask>(task: T, container: InitContainer): T {
  if (container.name === 'kfp-launcher')
    refuse('reserved-name', 'an init container cannot be named kfp-launcher', 'give it another name')
  return set(task, 'initContainers', [container])
}

/** Makes a persistent volume claim; its output `name` is for `mountPvc` and `deletePvc`. */
const createPvc = defineContainerComponent({
  name: 'createpvc',
  inputs: {
    access_modes: t.list(),
    size: t.string(),
    pvc_name: t.optional(t.string()),
    pvc_name_suffix: t.optional(t.string()),
    storage_class_name: t.string({ default: '' }),
    volume_name: t.optional(t.string()),
    annotations: t.optional(t.struct()),
    data_source: t.optional(t.struct()),
  },
  outputs: { name: t.string() },
  image: 'argostub/createpvc',
})

/** Deletes a persistent volume claim. */
const deletePvc = defineContainerComponent({
  name: 'deletepvc',
  inputs: { pvc_name: t.string() },
  image: 'argostub/deletepvc',
})

/** Kubernetes settings; they mean something on clusters only. */
export const kubernetes = Object.freeze({
  useSecretAsEnv,
  useSecretAsVolume,
  useConfigMapAsEnv,
  useConfigMapAsVolume,
  useFieldPathAsEnv,
  mountPvc,
  addEphemeralVolume,
  emptyDirMount,
  enableSharedMemory,
  addNodeSelector,
  addNodeSelectorJson,
  addToleration,
  addTolerationJson,
  addNodeAffinity,
  addNodeAffinityJson,
  addPodAffinity,
  addPodLabel,
  addPodAnnotation,
  setImagePullSecrets,
  setImagePullPolicy,
  setTimeout: setTimeoutSeconds,
  setSecurityContext,
  setPool,
  addInitContainer,
  createPvc,
  deletePvc,
})
