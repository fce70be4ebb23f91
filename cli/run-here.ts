/** Carries a run out in this process and tells of it: progress, Ctrl-C, summary, exit status. Shared by `run` and `retry`. */

import type { RunOptions } from '../local/machine.ts'
import { progressOn } from '../local/progress/index.ts'
import { printSummary } from '../local/progress/summary.ts'
import type { LocalRunResult } from '../local/run.ts'
import { EXIT } from './errors.ts'
import { watchInterrupts } from './interrupts.ts'
import { outliveReaders } from './streams.ts'

type Hooks = Pick<RunOptions, 'interrupt' | 'kill' | 'observer'>

export async function runHere(json: boolean, work: (hooks: Hooks) => Promise<LocalRunResult>): Promise<void> {
  outliveReaders()
  const interrupts = watchInterrupts()
  try {
    const progress = progressOn(process.stderr, json)
    const result = await work({ ...interrupts.signals, observer: progress.observer }).finally(progress.end)
    tell(json, result)
  } finally {
    interrupts.end()
  }
}

function tell(json: boolean, { report, interrupted, paths }: LocalRunResult): void {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else printSummary(report, paths, interrupted)
  if (interrupted) process.exitCode = EXIT.interrupted
  else process.exitCode = report.state === 'SUCCEEDED' ? EXIT.ok : EXIT.failed
}
