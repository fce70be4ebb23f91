import { expect, it } from 'vitest'
import { findCycles, showCycle } from './cycles.ts'

/** `a>b b>a` is two names that point to each other. */
function graph(text: string): Map<string, string[]> {
  const edges = new Map<string, string[]>()
  for (const arrow of text.split(' ')) {
    const [from, to] = arrow.split('>') as [string, string?]
    edges.set(from, [...(edges.get(from) ?? []), ...(to ? [to] : [])])
  }
  return edges
}

const ROWS: readonly (readonly [text: string, cycles: string[]])[] = [
  ['a>b b>c c', []],
  ['a>b a>c b>d c>d d', []],
  ['a>a', ['a -> a']],
  ['a>b a>b b>a b>a', ['a -> b -> a']],
  ['a>b b>c c>b c>d d', ['b -> c -> b']],
  ['a>b b>a c>d d>c', ['a -> b -> a', 'c -> d -> c']],
  ['a>nowhere', []],
]

it.each(ROWS)('%s', (text, cycles) => expect(findCycles(graph(text)).map(showCycle)).toEqual(cycles))

it('takes a chain of 100,000 names', () => {
  const edges = new Map(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, [`n${i + 1}`]]))
  expect(findCycles(edges)).toEqual([])
  expect(findCycles(edges.set('n100000', ['n0']))).toHaveLength(1)
})
