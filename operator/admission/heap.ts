/** A binary heap: the least item first. */

export interface Heap<T> {
  push(item: T): void
  peek(): T | undefined
  pop(): T | undefined
  readonly size: number
}

/** @param precedes whether `a` comes before `b`; what it looks at must not change while items are in the heap */
export function createHeap<T>(precedes: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = []

  function rise(item: T, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!precedes(item, items[above]!)) break
      items[place] = items[above]!
      place = above
    }
    items[place] = item
  }

  function sink(item: T): void {
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && precedes(items[below + 1]!, items[below]!)) below++
      if (!precedes(items[below]!, item)) break
      items[place] = items[below]!
      place = below
    }
    items[place] = item
  }

  return {
    push(item) {
      items.push(item)
      rise(item, items.length - 1)
    },
    peek: () => items[0],
    pop() {
      const first = items[0]
      const last = items.pop()
      if (items.length > 0) sink(last as T)
      return first
    },
    get size() {
      return items.length
    },
  }
}
