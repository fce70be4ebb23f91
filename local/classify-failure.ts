/** From how a step ended to why it failed, in words and as a cause with its own retry budget. Pure. */
import type { AttemptFailure } from '../engine/types.ts'
import type { ProcessEnd } from './supervise.ts'

/** What else is known at the time of the failure. */
export interface FailureEvidence {
  readonly logTail: string
  /** The kernel killed some process for want of memory while the step ran. */
  readonly kernelKilledForMemory: boolean
  readonly stepName: string
  readonly logFile: string
}

/** @param end anything but an exit with status 0 */
export function classifyFailure(end: ProcessEnd, evidence: FailureEvidence): AttemptFailure {
  const where = `log: ${evidence.logFile}`
  const tail = evidence.logTail === '' ? {} : { logTail: evidence.logTail }
  if (end.kind === 'lost') {
    return {
      cause: 'infrastructure',
      message: `${evidence.stepName} is gone and nobody saw how it ended; ${where}`,
      ...tail,
    }
  }
  if (end.kind === 'not-started') {
    return {
      cause: 'configuration',
      message: `${evidence.stepName} could not be started: ${explainStart(end.error)}`,
      ...tail,
    }
  }
  const facts = { exitCode: end.exitCode, ...(end.signal === undefined ? {} : { signal: end.signal }), ...tail }
  if (isOutOfMemory(end, evidence)) {
    return {
      cause: 'oom',
      message: `${evidence.stepName} ran out of memory (exit status ${end.exitCode}); ${where}`,
      ...facts,
    }
  }
  if (/No space left on device|ENOSPC/.test(evidence.logTail)) {
    const message = `${evidence.stepName} failed because the disk is full (exit status ${end.exitCode}): free some space, then resume the run; ${where}`
    return { cause: 'infrastructure', message, ...facts }
  }
  const how = end.signal
    ? `was ended by ${end.signal} (exit status ${end.exitCode})`
    : `failed with exit status ${end.exitCode}`
  return { cause: 'application', message: `${evidence.stepName} ${how}; ${where}`, ...facts }
}

function isOutOfMemory(end: { exitCode: number; signal?: string }, evidence: FailureEvidence): boolean {
  if (end.signal === 'SIGKILL' && evidence.kernelKilledForMemory) return true
  return /JavaScript heap out of memory|^\S*MemoryError\b/m.test(evidence.logTail)
}

function explainStart(error: NodeJS.ErrnoException): string {
  if (error.code !== 'E2BIG') return error.message
  return 'its command line is too long for this system (128 KiB an argument): pass big values as artifacts, or build the code into an image'
}
