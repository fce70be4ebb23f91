/** What the benchmark reads of an operator: its metrics and its memory. */
import { readFile } from 'node:fs/promises'
import type { OperatorProcess } from '../support/cluster.ts'

interface MetricLine {
  readonly labels: string
  readonly value: number
}

export async function metricLines(
  { metricsUrl }: Pick<OperatorProcess, 'metricsUrl'>,
  name: string,
): Promise<MetricLine[]> {
  const text = await (await fetch(metricsUrl)).text()
  return [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))].map(([, labels = '', value]) => ({
    labels,
    value: Number(value),
  }))
}

/** Sum over all labels. */
export async function total(operator: OperatorProcess, name: string): Promise<number> {
  return (await metricLines(operator, `kfp_ts_operator_${name}`)).reduce((sum, { value }) => sum + value, 0)
}

/** Milliseconds below which that share of decisions took, interpolated within its bucket; and how many there were. */
export async function decisions(operator: OperatorProcess, share: number): Promise<{ millis: number; count: number }> {
  const buckets = (await metricLines(operator, 'kfp_ts_operator_decision_seconds_bucket')).map(({ labels, value }) => ({
    upTo: Number(/le="([^"]+)"/.exec(labels)?.[1]?.replace('+Inf', 'Infinity')),
    value,
  }))
  const count = buckets.at(-1)?.value ?? 0
  const at = buckets.findIndex(({ value }) => value >= count * share)
  const bucket = buckets[at]
  if (!bucket || count === 0) return { millis: Number.NaN, count }
  const before = buckets[at - 1] ?? { upTo: 0, value: 0 }
  const within = bucket.value === before.value ? 1 : (count * share - before.value) / (bucket.value - before.value)
  return { millis: 1000 * (before.upTo + (bucket.upTo - before.upTo) * within), count }
}

/** Megabytes of resident memory, now and at most so far. */
export async function memory({ pid }: Pick<OperatorProcess, 'pid'>): Promise<{ now: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (field: string): number =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1024)
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
