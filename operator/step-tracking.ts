/** What lets a step log to the server: variables of its pod, and one Secret a run that holds the token. Before: carry-out.ts. */
import { createHash } from 'node:crypto'
import { API_GROUP, API_VERSION } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type KubeObject, SECRETS } from '../client/kube/resources.ts'
import { isAlreadyExists } from '../client/kube/transport.ts'
import type { Launch, TaskPath } from '../engine/types.ts'
import type { Metadata } from '../store/metadata/database.ts'
import { ensureTaskRun } from '../store/metadata/record-run.ts'
import { slug } from './pod/pod-name.ts'
import type { EnvVar } from './pod/pod-types.ts'
import type { RunIdentity } from './run-session.ts'

export interface StepTracking {
  /** Environment of the step's pod. Rejects when the cluster refuses the Secret. */
  variables(run: RunIdentity, task: TaskPath, launch: Launch): Promise<EnvVar[]>
}

export interface StepTrackingOptions {
  readonly kube: KubeClient
  readonly metadata: Metadata
  /** Where pods reach the server. */
  readonly url: string
  /** A token that covers the run and its tasks. */
  readonly issueToken: (runId: string, namespace: string, lifetimeMillis: number) => string
}

const DAY_MILLIS = 24 * 3_600_000
/** Secrets are only made, never read or changed: a run that lives longer gets another one for its later steps. */
const PERIOD_MILLIS = 3 * DAY_MILLIS
/** A step that starts at the end of a period still has days. */
const LIFETIME_MILLIS = PERIOD_MILLIS + 7 * DAY_MILLIS
/** Runs whose Secret is known to be there. */
const MOST_KNOWN = 5_000
const TOKEN_KEY = 'token'

export function createStepTracking({ kube, metadata, url, issueToken }: StepTrackingOptions): StepTracking {
  const made = new Map<string, Promise<string>>()

  async function makeSecret(run: RunIdentity, name: string): Promise<string> {
    const token = issueToken(run.runId, run.namespace, LIFETIME_MILLIS)
    await kube.create(SECRETS, run.namespace, secretObject(run, name, token)).catch((error) => {
      if (!isAlreadyExists(error)) throw error
    })
    return name
  }

  function secretOf(run: RunIdentity): Promise<string> {
    const name = secretName(run, Math.floor(metadata.now() / PERIOD_MILLIS))
    const key = `${run.namespace}/${name}`
    const known = made.get(key)
    if (known) return known
    if (made.size >= MOST_KNOWN) made.clear()
    const making = makeSecret(run, name)
    made.set(key, making)
    making.catch(() => made.delete(key))
    return making
  }

  return {
    async variables(run, task, launch) {
      const [name, taskRun] = await Promise.all([
        secretOf(run),
        ensureTaskRun(metadata, run.runId, { path: task, name: launch.displayName }),
      ])
      return [
        { name: 'MLFLOW_TRACKING_URI', value: url },
        { name: 'MLFLOW_RUN_ID', value: taskRun },
        { name: 'MLFLOW_TRACKING_TOKEN', valueFrom: { secretKeyRef: { name, key: TOKEN_KEY } } },
      ]
    },
  }
}

function secretName(run: RunIdentity, period: number): string {
  const digest = createHash('sha256').update(`${run.uid}\0${period}`).digest('hex').slice(0, 10)
  return `${slug(run.name, 40)}-tracking-${digest}`
}

/** Goes with its run. */
function secretObject(run: RunIdentity, name: string, token: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: run.namespace,
      ownerReferences: [
        { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: 'PipelineRun', name: run.name, uid: run.uid },
      ],
    },
    type: 'Opaque',
    immutable: true,
    stringData: { [TOKEN_KEY]: token },
  } as KubeObject
}
