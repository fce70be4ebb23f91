/** Appointments with the clock: a binary heap in plain JSON, earliest first. */
import type { Timer } from './run-state.ts'

export function addTimer(heap: Timer[], timer: Timer): void {
  let place = heap.length
  heap.push(timer)
  while (place > 0) {
    const above = (place - 1) >> 1
    if (heap[above]!.at <= timer.at) break
    heap[place] = heap[above]!
    place = above
  }
  heap[place] = timer
}

/** Takes the earliest appointment off the heap. */
export function takeTimer(heap: Timer[]): Timer | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let place = 0
  for (;;) {
    let below = 2 * place + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++
    if (heap[below]!.at >= last.at) break
    heap[place] = heap[below]!
    place = below
  }
  heap[place] = last
  return first
}
