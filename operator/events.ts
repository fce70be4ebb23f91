/** Kubernetes Events of a run: what `kubectl describe plr` tells as its story. Few, and never in the way of the work. */
import { createHash } from 'node:crypto'
import { API_GROUP, API_VERSION } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { EVENTS, type KubeObject } from '../client/kube/resources.ts'
import type { RunIdentity } from './run-session.ts'

export interface EventRecorder {
  record(run: RunIdentity, type: 'Normal' | 'Warning', reason: string, message: string): void
}

/** Events of one run; beyond it the status and the database tell the rest. */
const MAX_PER_RUN = 30
const MAX_MESSAGE = 1000

export function createEventRecorder(kube: KubeClient, identity: string, onWrite: () => void): EventRecorder {
  const counts = new Map<string, number>()

  return {
    record(run, type, reason, message) {
      const count = counts.get(run.uid) ?? 0
      if (count >= MAX_PER_RUN) return
      counts.set(run.uid, count + 1)
      if (counts.size > 5000) counts.delete(counts.keys().next().value!)
      onWrite()
      kube.create(EVENTS, run.namespace, eventOf(run, type, reason, message, identity, count)).catch(() => {
        // An event that can't be written is a line less in a story; the status has the facts.
      })
    },
  }
}

function eventOf(
  run: RunIdentity,
  type: string,
  reason: string,
  message: string,
  identity: string,
  index: number,
): KubeObject {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const digest = createHash('sha256')
    .update(`${run.uid}\0${now}\0${index}\0${reason}\0${message}`)
    .digest('hex')
    .slice(0, 12)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${run.name.slice(0, 200)}.${digest}`, namespace: run.namespace },
    involvedObject: { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: 'PipelineRun', ...run },
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    source: { component: 'kfp-ts-operator', host: identity },
    reportingComponent: 'pipelines.kfp-ts.dev/operator',
    reportingInstance: identity,
  } as KubeObject
}
