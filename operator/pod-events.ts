/** What the cluster says about a pod that does not get going: its last warning. Before: pod-facts.ts, when a node takes long. */
import type { KubeClient } from '../client/kube/client.ts'
import { EVENTS, type KubeObject } from '../client/kube/resources.ts'

export interface PodWarning {
  readonly reason: string
  readonly message: string
  /** Waiting on does not help: something that the pod names does not exist. */
  readonly isMistake: boolean
}

interface PodEvent extends KubeObject {
  readonly type?: string | undefined
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly lastTimestamp?: string | null | undefined
  readonly eventTime?: string | null | undefined
}

const MISTAKE = /\bnot found\b|references non-existent|doesn't exist/

export async function lastWarning(kube: KubeClient, namespace: string, pod: string): Promise<PodWarning | undefined> {
  const fieldSelector = `involvedObject.name=${pod},type=Warning`
  const { items } = await kube.list<PodEvent>(EVENTS, { namespace, fieldSelector }, { limit: 100 })
  const last = items.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1)).at(-1)
  if (!last) return undefined
  const { reason = 'Warning', message = 'no details' } = last
  return { reason, message, isMistake: reason === 'FailedMount' && MISTAKE.test(message) }
}

const timeOf = ({ lastTimestamp, eventTime }: PodEvent): string => lastTimestamp ?? eventTime ?? ''
