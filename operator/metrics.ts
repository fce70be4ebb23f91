/** Numbers of the operator for Prometheus, and the sums that the benchmark prints. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { FailureCause } from '../api/run-report.ts'
import type { AttemptResult } from '../engine/types.ts'

/** What the operator writes to the API server. */
export type ApiWrite = 'pod' | 'status' | 'event' | 'scheduled-run' | 'schedule-status' | 'other'

export interface OperatorMetrics {
  decided(millis: number): void
  reconciled(millis: number): void
  podCreated(): void
  attemptEnded(result: AttemptResult): void
  /** Another attempt of a task starts because the one before failed so. */
  retried(cause: FailureCause): void
  throttled(status: number): void
  apiWrite(kind: ApiWrite): void
  /** Read when somebody asks. */
  watchGauges(
    read: () => {
      queued: number
      active: number
      podsInFlight: number
      podsWaiting: number
      /** Phase to pods that are there. */
      pods: Readonly<Record<string, number>>
      leader: boolean
    },
  ): void
  text(): Promise<string>
}

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(): OperatorMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const name = (suffix: string): string => `kfp_ts_operator_${suffix}`
  const decision = new Histogram({
    name: name('decision_seconds'),
    help: "From the watch's news of an ended attempt to the sending of the next pod.",
    buckets: LATENCY_BUCKETS,
    registers,
  })
  const reconcile = new Histogram({
    name: name('reconcile_seconds'),
    help: 'Time of one pass.',
    buckets: LATENCY_BUCKETS,
    registers,
  })
  const pods = new Counter({ name: name('pods_created_total'), help: 'Pods made.', registers })
  const attempts = new Counter({
    name: name('attempts_total'),
    help: 'Ended attempts by outcome and failure cause.',
    labelNames: ['outcome', 'cause'],
    registers,
  })
  const retries = new Counter({
    name: name('retries_total'),
    help: 'Attempts after a failed one, by the cause of that failure.',
    labelNames: ['cause'],
    registers,
  })
  const throttles = new Counter({
    name: name('api_throttled_total'),
    help: 'Answers of the API server that asked to slow down (429, 5xx) or did not come (0).',
    labelNames: ['status'],
    registers,
  })
  const writes = new Counter({
    name: name('api_writes_total'),
    help: 'Writes to the API server.',
    labelNames: ['kind'],
    registers,
  })

  return {
    decided: (millis) => decision.observe(millis / 1000),
    reconciled: (millis) => reconcile.observe(millis / 1000),
    podCreated: () => {
      pods.inc()
      writes.inc({ kind: 'pod' })
    },
    attemptEnded: (result) =>
      attempts.inc({ outcome: result.outcome, cause: result.outcome === 'failed' ? result.failure.cause : '' }),
    retried: (cause) => retries.inc({ cause }),
    throttled: (status) => throttles.inc({ status: String(status) }),
    apiWrite: (kind) => writes.inc({ kind }),
    watchGauges(read) {
      const gauge = (suffix: string, help: string, value: () => number): void => {
        new Gauge({
          name: name(suffix),
          help,
          registers,
          collect() {
            this.set(value())
          },
        })
      }
      gauge('queue_depth', 'Runs that wait for a place.', () => read().queued)
      gauge('active_runs', 'Runs that are carried out.', () => read().active)
      gauge('pods_in_flight', 'Pods made and not over.', () => read().podsInFlight)
      gauge('pods_waiting', 'Attempts that wait for a place among the pods.', () => read().podsWaiting)
      new Gauge({
        name: name('pods'),
        help: 'Pods that are there, by phase.',
        labelNames: ['phase'],
        registers,
        collect() {
          this.reset()
          for (const phase of PHASES) this.set({ phase }, read().pods[phase] ?? 0)
        },
      })
      gauge('leader', '1 when this replica leads.', () => (read().leader ? 1 : 0))
    },
    text: () => registry.metrics(),
  }
}
