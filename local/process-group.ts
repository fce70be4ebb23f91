/** What a step leaves running in its process group: found without ever taking a later process for one of it, and ended. */
import { readdirSync } from 'node:fs'
import {
  isOfThisBoot,
  type ProcessIdentity,
  readStartTicks,
  readStat,
  startTicksOf,
} from '../store/process-identity.ts'

/** @returns whether anybody was there to get it */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch (error) {
    // EPERM: all that is left belongs to another user.
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code!)) return false
    throw error
  }
}

const POLL_MILLIS = 20
/** The kernel may take its time with a process that hangs in I/O. */
const POLLS = 250

/** Kills what is left of the group, as the end of a container does; resolves when it is gone. */
export async function endGroup(pid: number): Promise<void> {
  if (!signalGroup(pid, 'SIGKILL')) return
  for (let poll = 0; poll < POLLS && isInhabited(pid); poll += 1)
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS))
}

/**
 * The same for a group whose leader was started by an earlier kfp-ts, and may be long gone. While a group lives, its number is
 * not given to a new process; so one that runs under the number since another time means that the group is gone.
 */
export async function endGroupOf(leader: ProcessIdentity): Promise<void> {
  if (leader.startTicks === undefined || !isOfThisBoot(leader) || !signalGroup(leader.pid, 0)) return
  const startTicks = readStartTicks(leader.pid)
  if (startTicks !== undefined && startTicks !== leader.startTicks) return
  if (isInhabited(leader.pid, leader.startTicks)) await endGroup(leader.pid)
}

/** Does anybody live in the group and session of this number? Who is older than its leader is of another. Never where there is no /proc. */
function isInhabited(pid: number, sinceTicks = '0'): boolean {
  return processNumbers().some((number) => {
    const stat = readStat(number)
    const startTicks = stat === undefined ? undefined : startTicksOf(stat)
    if (stat === undefined || startTicks === undefined || BigInt(startTicks) < BigInt(sinceTicks)) return false
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(group) === pid && Number(session) === pid
  })
}

function processNumbers(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}
