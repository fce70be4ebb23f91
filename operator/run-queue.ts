/** Runs that have not started: in line for a place, suspended, or too late. Says of each why it waits. Before: operator.ts. */
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import { type Claim, createLedger } from './admission/ledger.ts'
import { type Locks, runClaims, runLimit } from './admission/limits.ts'
import { createPlaceQueue, placeInQueue, type Waiter } from './admission/place-queue.ts'
import type { Semaphores } from './admission/semaphores.ts'
import { callAt } from './far-timer.ts'
import { unstartedStatus } from './run-status.ts'
import type { RunView } from './run-view.ts'
import type { Limits } from './settings.ts'

export interface RunQueueOptions {
  readonly limits: Limits
  readonly semaphores: Pick<Semaphores, 'limitOf' | 'onChange'>
  readonly now: () => number
  readonly start: (view: RunView) => void
  /** Resolves when the status is written; rejects when the API server refuses it. */
  readonly write: (view: RunView, status: PipelineRunStatus) => Promise<void>
  readonly onTrouble: (run: RunView, error: unknown) => void
}

export interface RunQueue {
  /** To be called when all runs of the cluster are known: nobody is let in before those that go on have their places. */
  open(): void
  /** A run that waits for its start; also news of one that waits already. */
  offer(view: RunView): void
  /** Takes a run up whatever the limits: it was started before. */
  resume(view: RunView): void
  /** What a run's pipeline asks for was read. False: the run goes back in line with it, and is started again from there. */
  lock(view: RunView, locks: Locks): boolean
  /** The locks of a run that goes on count. */
  relock(view: RunView, locks: Locks): void
  /** The run ended or is gone: its places are free. */
  leave(uid: string): void
  /** Resolves when nothing that the queue wrote of the run is on its way any more. */
  quiet(uid: string): Promise<void>
  readonly size: number
  stop(): void
}

/** Where a run stands among those of its priority; kept when it goes back in line for its locks. */
interface Turn {
  readonly since: number
  /** Counts arrivals: creation times have whole seconds. */
  readonly arrival: number
}

interface Entry extends Waiter, Turn {
  view: RunView
  /** What its status says, since when, and since when it says that it waits. */
  told?: { readonly message: string; readonly at: number; readonly since: number }
  /** Takes back that it is given up for waiting too long. */
  notLate?: () => void
}

/** Runs that end together wake the queue once. */
const PUMP_MILLIS = 20
const REPORT_MILLIS = 2_000
/** A run that starts within this time is not reported as queued. */
const PATIENCE_MILLIS = 2_000
/** A new place in the queue is told no sooner than this after the last. */
const RETELL_MILLIS = 10_000
/** Statuses a round: thousands that wait must not keep the API server from those that run. The front of the queue comes first. */
const WRITES_A_ROUND = 200
/** A status that was refused is sent again after this time. */
const RESEND_MILLIS = 15_000

export function createRunQueue(options: RunQueueOptions): RunQueue {
  const { limits, semaphores, now, start, write, onTrouble } = options
  const claimsOf = (view: RunView, locks?: Locks): Claim[] => runClaims(view, limits.pools, locks)
  const queue = createPlaceQueue<Entry>(
    createLedger((key) => runLimit(limits, semaphores, key)),
    inOrder,
  )
  const entries = new Map<string, Entry>()
  const claimLists = new Map<string, readonly Claim[]>()
  /** What started runs hold. */
  const held = new Map<string, { readonly claims: Claim[]; locked: boolean; readonly turn?: Turn }>()
  const learned = new Map<string, Locks>()
  /** Runs that go on after a restart and whose locks are not known yet; until then nobody else gets a lock. */
  const resuming = new Set<string>()
  const behindResuming = new Set<Entry>()
  const writing = new Map<string, Promise<void>>()
  let pumpTimer: NodeJS.Timeout | undefined
  let reportTimer: NodeJS.Timeout | undefined
  let arrivals = 0
  let isOpen = false
  let stopped = false

  semaphores.onChange = (namespace) => {
    queue.changed((key) => key.startsWith(`semaphore/${namespace}/`))
    pump()
  }

  function pump(): void {
    if (stopped || !isOpen) return
    pumpTimer ??= setTimeout(() => {
      pumpTimer = undefined
      for (let next = queue.next(); next; next = queue.next()) begin(next)
      if (entries.size > 0) reportTimer ??= setTimeout(report, REPORT_MILLIS).unref()
    }, PUMP_MILLIS)
  }

  function begin({ view, claims, notLate, since, arrival }: Entry): void {
    notLate?.()
    entries.delete(view.uid)
    held.set(view.uid, { claims: [...claims], locked: learned.has(view.uid), turn: { since, arrival } })
    start(view)
  }

  /** Thousands that wait claim the same: they share one list. */
  function shared(claims: readonly Claim[]): readonly Claim[] {
    if (entries.size === 0) claimLists.clear()
    const text = claims.map(({ key, amount }) => `${key}=${amount}`).join('\n')
    const known = claimLists.get(text) ?? claims
    claimLists.set(text, known)
    return known
  }

  function offer(view: RunView, turn?: Turn): void {
    const old = entries.get(view.uid)
    if (old?.view.generation === view.generation) {
      // Its status changed, or its metadata.
      old.view = view
      return
    }
    if (old) takeOut(old)
    if (view.cancel) {
      settle(view, 'Canceled', 'Canceled', 'canceled before it started')
      return
    }
    const locks = learned.get(view.uid)
    const before = old ?? turn
    const entry: Entry = {
      view,
      name: view.name,
      claims: shared(claimsOf(view, locks)),
      since: before?.since ?? now(),
      arrival: before?.arrival ?? arrivals++,
    }
    if (old?.told) entry.told = old.told
    entries.set(view.uid, entry)
    limitWait(entry)
    if (view.suspend) {
      tell(entry, 'spec.suspend is true')
      return
    }
    if (locks && resuming.size > 0) behindResuming.add(entry)
    else queue.add(entry)
    pump()
  }

  /** A run that ran before waits for a retry as long as it takes; one that ended in line begins to wait again. */
  function limitWait(entry: Entry): void {
    const { queueSeconds, startedAt, completedAt, createdAt } = entry.view
    if (queueSeconds === undefined || startedAt !== undefined) return
    const since = completedAt === undefined ? createdAt : entry.since
    entry.notLate = callAt(since + queueSeconds * 1000, now, () => {
      takeOut(entry)
      settle(entry.view, 'Failed', 'QueueTimeout', `it waited longer than ${queueSeconds} s for its start`)
    })
  }

  function takeOut(entry: Entry): void {
    entry.notLate?.()
    entries.delete(entry.view.uid)
    behindResuming.delete(entry)
    queue.remove(entry)
  }

  function settle(
    view: RunView,
    phase: 'Failed' | 'Canceled',
    reason: 'QueueTimeout' | 'Canceled',
    message: string,
  ): void {
    const isWanted = (): boolean => !entries.has(view.uid) && !held.has(view.uid)
    send(view, unstartedStatus(phase, reason, message, baseOf(view, now())), isWanted)
  }

  function tell(entry: Entry, message: string): void {
    const { view, told } = entry
    entry.told = { message, at: now(), since: told?.since ?? now() }
    const base = baseOf(view, entry.told.since)
    const status = view.suspend
      ? unstartedStatus('Paused', 'Suspended', message, base)
      : unstartedStatus('Queued', 'Queued', message, base)
    send(view, status, () => entries.get(view.uid) === entry && entry.told?.message === message)
  }

  /** @param isWanted asked before a status that was refused is sent again: the run may have gone on */
  function send(view: RunView, status: PipelineRunStatus, isWanted: () => boolean): void {
    const again = (): void => {
      if (!stopped && isWanted()) send(view, status, isWanted)
    }
    const sent = (writing.get(view.uid) ?? Promise.resolve())
      .then(() => write(view, status))
      .catch((error) => {
        onTrouble(view, error)
        setTimeout(again, RESEND_MILLIS).unref()
      })
      .finally(() => {
        if (writing.get(view.uid) === sent) writing.delete(view.uid)
      })
    writing.set(view.uid, sent)
  }

  function report(): void {
    reportTimer = undefined
    let left = WRITES_A_ROUND
    const at = now()
    for (const [entry, { reason, before }] of queue.waiting()) {
      if (left === 0) break
      const { told, since } = entry
      if (told ? at - told.at < RETELL_MILLIS : at - since < PATIENCE_MILLIS) continue
      const message = `${reason}; ${placeInQueue(before, 'run')}`
      if (told?.message === message) continue
      tell(entry, message)
      left--
    }
    if (entries.size > 0 && !stopped) reportTimer = setTimeout(report, REPORT_MILLIS).unref()
  }

  function leave(uid: string): void {
    const entry = entries.get(uid)
    if (entry) takeOut(entry)
    const places = held.get(uid)
    if (places) queue.leave(places.claims)
    held.delete(uid)
    learned.delete(uid)
    resumed(uid)
    pump()
  }

  function resumed(uid: string): void {
    if (!resuming.delete(uid) || resuming.size > 0) return
    for (const entry of behindResuming) queue.add(entry)
    behindResuming.clear()
    pump()
  }

  return {
    open() {
      isOpen = true
      pump()
    },
    offer: (view) => offer(view),
    resume(view) {
      const claims = claimsOf(view)
      queue.occupy(claims, view.name)
      held.set(view.uid, { claims, locked: false })
      resuming.add(view.uid)
      start(view)
    },
    lock(view, locks) {
      const places = held.get(view.uid)
      if (!hasLocks(locks) || places?.locked || resuming.has(view.uid)) return true
      if (places) queue.leave(places.claims)
      held.delete(view.uid)
      learned.set(view.uid, locks)
      offer(view, places?.turn)
      return false
    },
    relock(view, locks) {
      const places = held.get(view.uid)
      if (places && !places.locked && hasLocks(locks)) {
        const base = claimsOf(view).length
        const more = claimsOf(view, locks).slice(base)
        queue.occupy(more, view.name)
        held.set(view.uid, { ...places, claims: [...places.claims, ...more], locked: true })
      }
      resumed(view.uid)
    },
    leave,
    quiet: (uid) => writing.get(uid) ?? Promise.resolve(),
    get size() {
      return entries.size
    },
    stop() {
      stopped = true
      clearTimeout(pumpTimer)
      clearTimeout(reportTimer)
      for (const { notLate } of entries.values()) notLate?.()
    },
  }
}

/** Higher priorities first, then the older ones. */
const inOrder = (a: Entry, b: Entry): boolean =>
  a.view.priority !== b.view.priority
    ? a.view.priority > b.view.priority
    : a.view.createdAt !== b.view.createdAt
      ? a.view.createdAt < b.view.createdAt
      : a.arrival < b.arrival

const baseOf = ({ generation, retryCount }: RunView, at: number) => ({
  now: at,
  observedGeneration: generation,
  retryCount,
})

const hasLocks = ({ mutexName, semaphoreKey }: Locks): boolean => mutexName !== undefined || semaphoreKey !== undefined
