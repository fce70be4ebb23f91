/** Median of several timed calls, and the table that `make bench` prints. */

export interface Measurement {
  readonly name: string
  readonly medianSeconds: number
  readonly runs: number
}

/** One call first that does not count, to warm caches. */
export async function measure(name: string, runs: number, work: () => unknown): Promise<Measurement> {
  await work()
  const seconds: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    await work()
    seconds.push((performance.now() - start) / 1000)
  }
  seconds.sort((a, b) => a - b)
  return { name, medianSeconds: seconds[Math.floor(runs / 2)]!, runs }
}

/** Each row with its ratio to the first. */
export function printTable(title: string, rows: readonly Measurement[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const first = rows[0]!.medianSeconds
  const lines = rows.map(({ name, medianSeconds, runs }) => {
    const ratio = (medianSeconds / first).toFixed(2)
    return `  ${name.padEnd(width)}  ${medianSeconds.toFixed(3).padStart(8)} s  (median of ${runs}, ${ratio} x the first)`
  })
  return [title, ...lines].join('\n')
}
