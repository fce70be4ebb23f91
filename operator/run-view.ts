/** What the operator keeps of every PipelineRun and Pod of the cluster: a few fields. The whole object is read when it is needed. */
import {
  DISPLAY_NAME_ANNOTATION,
  isFinalPhase,
  LABELS,
  LOGICAL_DATE_ANNOTATION,
  type PipelineRunSpec,
  type PipelineRunStatus,
  type RunPhase,
  TASK_PATH_ANNOTATION,
} from '../api/pipeline-run.ts'
import { parseRfc3339 } from '../api/rfc3339.ts'
import type { KubeObject } from '../client/kube/resources.ts'
import type { Pod } from './pod/pod-types.ts'

export interface PipelineRun extends KubeObject {
  readonly spec: PipelineRunSpec
  readonly status?: PipelineRunStatus | undefined
}

export interface RunView {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** What records, artifacts and clients know it by. */
  readonly runId: string
  readonly displayName: string
  readonly generation: number
  readonly createdAt: number
  readonly deleting: boolean
  readonly finalizers: readonly string[]
  readonly phase?: RunPhase | undefined
  readonly startedAt?: number | undefined
  readonly completedAt?: number | undefined
  readonly retriesDone: number
  readonly retryCount: number
  readonly suspend: boolean
  readonly cancel: boolean
  readonly priority: number
  readonly pool?: string | undefined
  readonly poolWeight?: number | undefined
  /** Name that its label or its reference gives; runs without one share no limit of a pipeline. */
  readonly pipeline?: string | undefined
  /** What the pipeline calls itself, once it was read. */
  readonly pipelineName?: string | undefined
  /** Name of the ScheduledRun that made it. */
  readonly schedule?: string | undefined
  /** Of the slot that a schedule made it for. */
  readonly logicalDate?: number | undefined
  readonly queueSeconds?: number | undefined
  readonly ttlSeconds?: number | undefined
  /** What the pipeline itself asked for when the run ended. */
  readonly expiresAt?: number | undefined
  readonly deletesArtifacts: boolean
}

const NONE: readonly string[] = []
const MAX_DISPLAY_NAME = 1000

export function viewRun({ metadata, spec, status }: PipelineRun): RunView {
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    runId: metadata.labels?.[LABELS.runId] ?? metadata.uid ?? '',
    displayName: (metadata.annotations?.[DISPLAY_NAME_ANNOTATION] ?? metadata.name).slice(0, MAX_DISPLAY_NAME),
    generation: metadata.generation ?? 0,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? NONE,
    phase: status?.phase,
    startedAt: status?.startTime ? Date.parse(status.startTime) : undefined,
    completedAt: status?.completionTime ? Date.parse(status.completionTime) : undefined,
    retriesDone: status?.retryCount ?? 0,
    retryCount: spec.retryCount ?? 0,
    suspend: spec.suspend === true,
    cancel: spec.cancel === true,
    priority: spec.priority ?? 0,
    pool: spec.pool,
    poolWeight: spec.poolWeight,
    pipeline: metadata.labels?.[LABELS.pipeline] ?? spec.pipelineRef?.name,
    pipelineName: status?.pipeline,
    schedule: metadata.labels?.[LABELS.schedule],
    logicalDate: parseRfc3339(metadata.annotations?.[LOGICAL_DATE_ANNOTATION] ?? ''),
    queueSeconds: spec.timeouts?.queueSeconds,
    ttlSeconds: spec.ttlSecondsAfterFinished,
    expiresAt: status?.expirationTime ? Date.parse(status.expirationTime) : undefined,
    deletesArtifacts: spec.artifactsOnDelete === 'Delete',
  }
}

/** It ended, and no retry of it is asked for. */
export const isOver = ({ phase, retryCount, retriesDone }: RunView): boolean =>
  isFinalPhase(phase) && retryCount <= retriesDone

const CONDITIONS = new Set(['PodScheduled', 'PodReadyToStartContainers', 'DisruptionTarget'])

/** A pod without managed fields and what read-pod.ts does not look at: of its spec the node and what runs beside the step stay. */
export function slimPod({ metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, deletionGracePeriodSeconds, labels, annotations } =
    metadata
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      deletionTimestamp,
      deletionGracePeriodSeconds,
      labels: pick(labels, [LABELS.run, LABELS.attempt]),
      annotations: pick(annotations, [TASK_PATH_ANNOTATION]),
    },
    spec: spec && slimSpec(spec),
    status: status && {
      phase: status.phase,
      reason: status.reason,
      message: status.message,
      conditions: status.conditions?.filter(({ type }) => CONDITIONS.has(type)),
      containerStatuses: status.containerStatuses?.map(({ name: container, state, imageID }) => ({
        name: container,
        state,
        imageID,
      })),
      initContainerStatuses: status.initContainerStatuses?.map(({ name: container, state }) => ({
        name: container,
        state,
      })),
    },
  }
}

function slimSpec({ nodeName, initContainers }: NonNullable<Pod['spec']>): Pod['spec'] {
  const beside = initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  const names = beside.map(({ name, restartPolicy }) => ({ name, restartPolicy }))
  return { nodeName, ...(names.length > 0 ? { initContainers: names } : {}) } as unknown as Pod['spec']
}

function pick(all: Readonly<Record<string, string>> | undefined, names: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of names) if (all?.[name] !== undefined) kept[name] = all[name]
  return kept
}
