/** What the cluster's event log says of a run, in a few fields. Before: runs.ts. */
import type { KubeObject } from './kube/resources.ts'

/** An event of the cluster about a run or one of its pods. */
export interface RunEvent {
  /** RFC 3339 UTC, of its last time. */
  readonly time: string
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly count: number
}

export interface EventView extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
}

export function eventOf({ type, reason, message, count, lastTimestamp, eventTime, metadata }: EventView): RunEvent {
  return {
    time: lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '',
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason: reason ?? '',
    message: message ?? '',
    count: count ?? 1,
  }
}
