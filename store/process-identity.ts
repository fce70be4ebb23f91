/** Which process a number meant when it was written down: numbers are given out again, start times and boots are not. */
import { readFileSync } from 'node:fs'

/** A process that can be told from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot at which it started; absent where there is no /proc. */
  readonly startTicks?: string
  readonly bootId?: string
}

export function identityOf(pid: number): ProcessIdentity {
  const startTicks = readStartTicks(pid)
  const bootId = readBootId()
  return { pid, ...(startTicks === undefined ? {} : { startTicks }), ...(bootId === undefined ? {} : { bootId }) }
}

/** True while that very process lives (a zombie does not). */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!isOfThisBoot(identity)) return false
  if (identity.startTicks !== undefined) return readStartTicks(identity.pid) === identity.startTicks
  try {
    process.kill(identity.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** False when the machine was started again since. */
export function isOfThisBoot({ bootId }: ProcessIdentity): boolean {
  return bootId === undefined || bootId === readBootId()
}

/** Field 22 of /proc/PID/stat; undefined for zombies and the dead. The second field may hold spaces and parentheses. */
export function startTicksOf(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

export function readStartTicks(pid: number): string | undefined {
  const stat = readStat(pid)
  return stat === undefined ? undefined : startTicksOf(stat)
}

/** Undefined for a process that is not there, and where there is no /proc. */
export function readStat(pid: number | string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
