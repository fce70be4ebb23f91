/** A bound on pods of all runs at once: whoever comes waits its turn, oldest first. */

export interface Gate {
  /** Resolves with the function that gives the place back (harmless to call twice). */
  enter(): Promise<() => void>
  readonly inside: number
  readonly waiting: number
}

export function createGate(width: number): Gate {
  let inside = 0
  let head = 0
  let queue: ((leave: () => void) => void)[] = []

  function admit(): void {
    while (inside < width && head < queue.length) {
      inside++
      queue[head++]!(leaver())
    }
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head)
      head = 0
    }
  }
  function leaver(): () => void {
    let left = false
    return () => {
      if (left) return
      left = true
      inside--
      admit()
    }
  }
  return {
    enter: () =>
      new Promise((resolve) => {
        queue.push(resolve)
        admit()
      }),
    get inside() {
      return inside
    },
    get waiting() {
      return queue.length - head
    },
  }
}
