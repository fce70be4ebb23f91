/**
 * Who waits for a place, in order, under many limits at once. Waiters that claim the same stand in one line; a line whose first can't go
 * on is parked at the limit that holds it, and looked at again when that limit has room. So an event costs no more than it lets in,
 * however many wait, and who is held by a limit of its own does not hold up others.
 */
import { createHeap, type Heap } from './heap.ts'
import type { Claim, Ledger } from './ledger.ts'

export interface Waiter {
  /** The first is of the limit that all share. */
  readonly claims: readonly Claim[]
  /** For sentences: who holds what. */
  readonly name: string
}

export interface Waiting {
  /** The limit that holds it, for people. */
  readonly reason: string
  /** How many wait for the same limit before it. */
  readonly before: number
}

export interface PlaceQueue<T extends Waiter> {
  add(waiter: T): void
  /** Out of the line; harmless for one that is not in it. */
  remove(waiter: T): void
  /** The next that may go, with its claims taken. */
  next(): T | undefined
  /** Takes what is claimed whatever the limits: it was let in before. */
  occupy(claims: readonly Claim[], name: string): void
  leave(claims: readonly Claim[]): void
  /** Limits became wider, narrower, known or unknown: who waits for them is looked at again. */
  changed(isAffected: (key: string) => boolean): void
  /** Of all that wait, in their order. Cost: sorting them, so for reports only. */
  waiting(): Map<T, Waiting>
  readonly size: number
}

interface Line<T> {
  readonly claims: readonly Claim[]
  readonly waiters: Heap<T>
  /** What it is parked at. */
  held?: Claim | undefined
  /** No amount of waiting helps: it is parked apart, so as not to stand before others at that limit. */
  isHopeless: boolean
  /** Counts its moves: older entries of it in heaps are stale. */
  stamp: number
}
interface Entry<T> {
  readonly line: Line<T>
  readonly stamp: number
  readonly first: T
}

export function createPlaceQueue<T extends Waiter>(ledger: Ledger, precedes: (a: T, b: T) => boolean): PlaceQueue<T> {
  const members = new Set<T>()
  const lines = new Map<string, Line<T>>()
  const entryOrder = (a: Entry<T>, b: Entry<T>): boolean => precedes(a.first, b.first)
  const ready = createHeap(entryOrder)
  const parked = new Map<string, Heap<Entry<T>>>()
  /** Limits with lines parked at them that have got room. */
  const opened = new Set<string>()

  /** The first of a line that still waits. */
  function firstOf({ waiters }: Line<T>): T | undefined {
    for (let first = waiters.peek(); first; first = waiters.peek()) {
      if (members.has(first)) return first
      waiters.pop()
    }
    return undefined
  }

  /** The first entry of a heap that is not stale. */
  function top(heap: Heap<Entry<T>> | undefined): Entry<T> | undefined {
    for (let entry = heap?.peek(); entry; entry = heap?.peek()) {
      if (entry.stamp === entry.line.stamp && members.has(entry.first)) return entry
      heap!.pop()
      if (entry.stamp === entry.line.stamp) place(entry.line, entry.line.held)
    }
    return undefined
  }

  /** Puts a line where it waits: at a limit, or among those to be looked at. */
  function place(line: Line<T>, held?: Claim): void {
    line.stamp++
    line.held = held
    line.isHopeless = held !== undefined && ledger.hopeless(held) !== undefined
    const first = firstOf(line)
    if (first) heapOf(line).push({ line, stamp: line.stamp, first })
    else lines.delete(signature(line.claims))
  }

  function heapOf(line: Line<T>): Heap<Entry<T>> {
    const key = parkedAt(line)
    if (key === undefined) return ready
    const heap = parked.get(key) ?? createHeap(entryOrder)
    parked.set(key, heap)
    return heap
  }

  function best(): { entry: Entry<T>; heap: Heap<Entry<T>> } | undefined {
    let entry = top(ready)
    let heap = ready
    for (const key of opened) {
      const candidates = parked.get(key)
      const candidate = top(candidates)
      if (!candidates || !candidate) {
        opened.delete(key)
        parked.delete(key)
      } else if (!entry || entryOrder(candidate, entry)) {
        entry = candidate
        heap = candidates
      }
    }
    return entry && { entry, heap }
  }

  /** What holds the line; who needs much of a limit is not overtaken for ever by others that need little of it. */
  function obstacle({ line, first }: Entry<T>): Claim | undefined {
    const hopeless = line.claims.find((claim) => ledger.hopeless(claim) !== undefined)
    if (hopeless) return hopeless
    return line.claims.find((claim) => {
      if (!ledger.fits(claim)) return true
      const earlier = parkedAt(line) === claim.key ? undefined : top(parked.get(claim.key))
      return earlier !== undefined && precedes(earlier.first, first)
    })
  }

  return {
    add(waiter) {
      members.add(waiter)
      const key = signature(waiter.claims)
      const line = lines.get(key) ?? {
        claims: waiter.claims,
        waiters: createHeap(precedes),
        isHopeless: false,
        stamp: 0,
      }
      lines.set(key, line)
      line.waiters.push(waiter)
      if (firstOf(line) !== waiter) return
      place(line, waiter.claims.find((claim) => ledger.hopeless(claim)) ?? line.held)
    },
    remove(waiter) {
      if (!members.delete(waiter)) return
      // It may have stood before others that need less.
      const line = lines.get(signature(waiter.claims))
      if (line?.held && !line.isHopeless && parked.has(line.held.key)) opened.add(line.held.key)
    },
    next() {
      for (let found = best(); found; found = best()) {
        const { entry, heap } = found
        // Nobody can go: nobody has to be looked at.
        if (!ledger.fits(entry.line.claims[0]!)) return undefined
        heap.pop()
        const held = obstacle(entry)
        if (held) {
          place(entry.line, held)
          opened.delete(parkedAt(entry.line)!)
          continue
        }
        members.delete(entry.first)
        ledger.take(entry.line.claims, entry.first.name)
        place(entry.line)
        return entry.first
      }
      return undefined
    },
    occupy: (claims, name) => ledger.take(claims, name),
    leave(claims) {
      ledger.give(claims)
      for (const { key } of claims) if (parked.has(key)) opened.add(key)
    },
    changed(isAffected) {
      for (const line of lines.values()) {
        if (!line.claims.some(({ key }) => isAffected(key))) continue
        // Those behind it are looked at too: if it can never go now, it must not stand before them.
        if (line.held && !line.isHopeless) opened.add(line.held.key)
        place(line)
      }
    },
    waiting() {
      const counts = new Map<string, number>()
      const report = new Map<T, Waiting>()
      for (const waiter of [...members].sort((a, b) => (precedes(a, b) ? -1 : 1))) {
        const line = lines.get(signature(waiter.claims))!
        const hopeless = waiter.claims.map((claim) => ledger.hopeless(claim)).find((text) => text)
        const held = line.held ?? waiter.claims[0]!
        const place = parkedAt(line) ?? held.key
        const before = counts.get(place) ?? 0
        counts.set(place, before + 1)
        report.set(waiter, { reason: hopeless ?? ledger.explain(held), before })
      }
      return report
    },
    get size() {
      return members.size
    },
  }
}

/** Where those are parked that can never go: nothing opens it, or they would stand before others again. */
const NEVER = 'never/'
/** Key of the heap of lines that a line is parked in. */
const parkedAt = ({ held, isHopeless }: Line<unknown>): string | undefined =>
  held && (isHopeless ? NEVER + held.key : held.key)

const signature = (claims: readonly Claim[]): string => claims.map(({ key, amount }) => `${key}=${amount}`).join('\n')

/** Where somebody stands, in words that change seldom for those far behind: a status need not be written for each step. */
export function placeInQueue(before: number, what: string): string {
  if (before === 0) return 'it is the next one'
  if (before === 1) return `1 ${what} is before it`
  if (before <= 10) return `${before} ${what}s are before it`
  const magnitude = 10 ** Math.floor(Math.log10(before))
  const step = [5, 2, 1].find((digit) => before >= digit * magnitude)!
  return `at least ${step * magnitude} ${what}s are before it`
}
