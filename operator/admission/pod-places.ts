/** The bounds on pods: of the operator, a namespace, a pipeline, a pool. Runs take turns, so a wide loop does not starve another's single task. */
import type { Limits } from '../settings.ts'
import { type Claim, createLedger } from './ledger.ts'
import { type PoolShare, podClaims, podLimit } from './limits.ts'
import { createPlaceQueue, placeInQueue, type Waiter, type Waiting } from './place-queue.ts'

export interface PodRequest {
  readonly runId: string
  readonly namespace: string
  readonly pipeline: string
  readonly pool?: PoolShare | undefined
  /** The pod is there already, so it counts whatever the limits are. */
  readonly exists: boolean
}

export interface Place {
  /** Resolves when the pod may be made, and when the place was given back before. */
  readonly granted: Promise<void>
  readonly isGranted: boolean
  /** Why it waits, in one sentence. */
  why(): string
  /** Gives the place back or leaves the line; harmless to call twice. */
  leave(): void
}

export interface PodPlaces {
  enter(request: PodRequest): Place
  readonly inside: number
  readonly waiting: number
  /** Runs with pods that wait here. */
  waitingRuns(): Iterable<string>
}

interface Turn extends Waiter {
  readonly runId: string
  /** Its run's turn: the first pod of each run comes before the second of any. */
  readonly turn: number
  readonly arrival: number
  readonly grant: () => void
}

/** Reasons are told to people; sorting everybody for each of them would cost too much. */
const REASONS_MILLIS = 2_000

export function createPodPlaces(limits: Limits, now: () => number): PodPlaces {
  const queue = createPlaceQueue<Turn>(
    createLedger((key) => podLimit(limits, key)),
    (a, b) => a.turn < b.turn || (a.turn === b.turn && a.arrival < b.arrival),
  )
  const waitingOf = new Map<string, { count: number; lastTurn: number }>()
  let servedTurn = 0
  let arrivals = 0
  let inside = 0
  let reasons: ReadonlyMap<Turn, Waiting> = new Map()
  let reasonsAt = Number.NEGATIVE_INFINITY

  function nextTurn(runId: string): number {
    const ofRun = waitingOf.get(runId)
    const turn = Math.max(servedTurn, ofRun?.lastTurn ?? 0) + 1
    waitingOf.set(runId, { count: (ofRun?.count ?? 0) + 1, lastTurn: turn })
    return turn
  }
  function noLongerWaits({ runId }: Turn): void {
    const ofRun = waitingOf.get(runId)
    if (!ofRun) return
    if (ofRun.count <= 1) waitingOf.delete(runId)
    else waitingOf.set(runId, { ...ofRun, count: ofRun.count - 1 })
  }

  function admit(): void {
    for (let next = queue.next(); next; next = queue.next()) {
      servedTurn = Math.max(servedTurn, next.turn)
      noLongerWaits(next)
      inside++
      next.grant()
    }
  }

  function reasonOf(turn: Turn): string {
    if (now() - reasonsAt >= REASONS_MILLIS || !reasons.has(turn)) {
      reasons = queue.waiting()
      reasonsAt = now()
    }
    const { reason, before } = reasons.get(turn) ?? { reason: 'it waits for its place among the pods', before: 0 }
    return `${reason}; ${placeInQueue(before, 'pod')}`
  }

  function occupied(claims: readonly Claim[], { runId }: PodRequest): Place {
    queue.occupy(claims, runId)
    inside++
    return place(
      Promise.resolve(),
      () => true,
      () => '',
      () => leave(claims),
    )
  }
  function leave(claims: readonly Claim[]): void {
    inside--
    queue.leave(claims)
    admit()
  }

  return {
    enter(request) {
      const { runId, namespace, pipeline, pool, exists } = request
      const claims = podClaims(namespace, pipeline, pool)
      if (exists) return occupied(claims, request)
      let isGranted = false
      let grant = (): void => {}
      const granted = new Promise<void>((resolve) => {
        grant = () => {
          isGranted = true
          resolve()
        }
      })
      const turn: Turn = { claims, name: runId, runId, turn: nextTurn(runId), arrival: arrivals++, grant }
      queue.add(turn)
      admit()
      return place(
        granted,
        () => isGranted,
        () => reasonOf(turn),
        () => {
          if (isGranted) return leave(claims)
          queue.remove(turn)
          noLongerWaits(turn)
          grant()
          admit()
        },
      )
    },
    get inside() {
      return inside
    },
    get waiting() {
      return queue.size
    },
    waitingRuns: () => waitingOf.keys(),
  }
}

function place(granted: Promise<void>, isGranted: () => boolean, why: () => string, leave: () => void): Place {
  let left = false
  return {
    granted,
    get isGranted() {
      return isGranted()
    },
    why,
    leave() {
      if (left) return
      left = true
      leave()
    },
  }
}
