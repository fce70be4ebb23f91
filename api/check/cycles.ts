/** Finds circles in a graph of names. Iterative: chains may be tens of thousands long. */

/**
 * @param edges for each name the names that it points to; names that are no keys are ignored
 * @returns every circle once, as the names in their order; circles that share a name with one found before are left out
 */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[][] = []
  const reported = new Set<string>()
  for (const start of edges.keys()) if (!state.has(start)) visit(start, edges, state, cycles, reported)
  return cycles
}

interface Frame {
  readonly name: string
  next: number
}

function visit(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  state: Map<string, 'open' | 'done'>,
  cycles: string[][],
  reported: Set<string>,
): void {
  const stack: Frame[] = [{ name: start, next: 0 }]
  state.set(start, 'open')
  while (stack.length > 0) {
    const frame = stack.at(-1)!
    const target = edges.get(frame.name)?.[frame.next++]
    if (target === undefined) {
      state.set(frame.name, 'done')
      stack.pop()
    } else if (edges.has(target) && !state.has(target)) {
      state.set(target, 'open')
      stack.push({ name: target, next: 0 })
    } else if (state.get(target) === 'open') {
      const cycle = stack.slice(stack.findLastIndex(({ name }) => name === target)).map(({ name }) => name)
      if (!cycle.some((name) => reported.has(name))) cycles.push(cycle)
      for (const name of cycle) reported.add(name)
    }
  }
}

/** `a -> b -> a`, shortened in the middle when it is long. */
export function showCycle(cycle: readonly string[]): string {
  const names = cycle.length > 8 ? [...cycle.slice(0, 4), '…', ...cycle.slice(-3)] : cycle
  return [...names, cycle[0]].join(' -> ')
}
