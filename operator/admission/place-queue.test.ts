import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, createLedger } from './ledger.ts'
import { createPlaceQueue, placeInQueue, type Waiter } from './place-queue.ts'

interface Numbered extends Waiter {
  readonly at: number
}
const WIDTHS: Readonly<Record<string, number>> = { all: 4, a: 2, b: 3, pool: 3, tiny: 1 }
const inOrder = (a: Numbered, b: Numbered): boolean => a.at < b.at
const makeLedger = (widths = WIDTHS) =>
  createLedger((key) => (widths[key] === undefined ? `there is no ${key}` : { width: widths[key], name: key }))
const make = (widths?: Readonly<Record<string, number>>) => createPlaceQueue<Numbered>(makeLedger(widths), inOrder)
const waiter = (at: number, ...more: (string | [string, number])[]): Numbered => ({
  at,
  name: `w${at}`,
  claims: [
    { key: 'all', amount: 1 },
    ...more.map((one): Claim => (typeof one === 'string' ? { key: one, amount: 1 } : { key: one[0], amount: one[1] })),
  ],
})
function drain(queue: ReturnType<typeof make>): number[] {
  const started: number[] = []
  for (let next = queue.next(); next; next = queue.next()) started.push(next.at)
  return started
}

test('lets in by order, and nobody beyond the limit of all', () => {
  const queue = make()
  for (const at of [5, 3, 1, 4, 2, 6]) queue.add(waiter(at, 'b'))
  expect(drain(queue)).toEqual([1, 2, 3])
  queue.leave(waiter(1, 'b').claims)
  expect(drain(queue)).toEqual([4])
})

test('who is held by a limit of its own does not hold up others', () => {
  const queue = make()
  for (const at of [1, 2, 3]) queue.add(waiter(at, 'tiny'))
  queue.add(waiter(9))
  expect(drain(queue)).toEqual([1, 9])
})

test('a heavy one is not overtaken for ever by light ones of its pool', () => {
  const queue = make()
  queue.add(waiter(1, ['pool', 2]))
  expect(drain(queue)).toEqual([1])
  queue.add(waiter(2, ['pool', 3]))
  queue.add(waiter(3, 'pool'))
  expect(drain(queue)).toEqual([])
  queue.leave(waiter(1, ['pool', 2]).claims)
  expect(drain(queue)).toEqual([2])
})

test('one that can never go does not stand before others, also when another like it left the line', () => {
  const queue = make()
  const impossible = [1, 2].map((at) => waiter(at, ['tiny', 2]))
  for (const one of impossible) queue.add(one)
  expect(drain(queue)).toEqual([])
  queue.remove(impossible[0]!)
  expect(drain(queue)).toEqual([])
  queue.add(waiter(3, 'tiny'))
  expect(drain(queue)).toEqual([3])
})

test('those behind a heavy one go on when it leaves the line', () => {
  const queue = make()
  const heavy = waiter(2, ['pool', 3])
  queue.add(waiter(1, ['pool', 2]))
  queue.add(heavy)
  queue.add(waiter(3, 'pool'))
  expect(drain(queue)).toEqual([1])
  queue.remove(heavy)
  expect(drain(queue)).toEqual([3])
})

test('one that can never go holds up nobody, and says why', () => {
  const queue = make()
  const unknown = waiter(1, 'nowhere')
  const tooHeavy = waiter(2, ['pool', 9])
  queue.add(unknown)
  queue.add(tooHeavy)
  queue.add(waiter(3, 'pool'))
  expect(drain(queue)).toEqual([3])
  expect(queue.waiting().get(unknown)?.reason).toBe('there is no nowhere')
  expect(queue.waiting().get(tooHeavy)?.reason).toMatch(/takes 9 of pool, which has no more than 3/)
})

test('tells the limit that holds each, and how many wait for it before', () => {
  const queue = make()
  const waiters = [1, 2, 3].map((at) => waiter(at, 'tiny'))
  for (const one of waiters) queue.add(one)
  drain(queue)
  expect([...queue.waiting().values()]).toEqual([
    { reason: 'tiny is full: 1 of 1 are taken', before: 0 },
    { reason: 'tiny is full: 1 of 1 are taken', before: 1 },
  ])
})

describe('when a limit changes', () => {
  const changing = () => {
    const widths: Record<string, number> = { all: 4, pool: 1, a: 2 }
    const queue = make(widths)
    const set = (key: string, width: number | undefined): void => {
      if (width === undefined) delete widths[key]
      else widths[key] = width
      queue.changed((one) => one === key)
    }
    return { queue, set }
  }
  test('more go when it is wider, and none until enough have left when it is narrower', () => {
    const { queue, set } = changing()
    for (const at of [1, 2, 3, 4]) queue.add(waiter(at, 'pool'))
    expect(drain(queue)).toEqual([1])
    set('pool', 3)
    expect(drain(queue)).toEqual([2, 3])
    set('pool', 2)
    expect(drain(queue)).toEqual([])
    queue.leave(waiter(1, 'pool').claims)
    expect(drain(queue)).toEqual([])
    queue.leave(waiter(2, 'pool').claims)
    expect(drain(queue)).toEqual([4])
  })
  test('one that could never go goes when it can, and says meanwhile why not', () => {
    const { queue, set } = changing()
    const [heavy, light] = [waiter(1, ['late', 3]), waiter(2, 'late')]
    for (const one of [heavy, light, waiter(3, 'a')]) queue.add(one)
    expect(drain(queue)).toEqual([3])
    expect(queue.waiting().get(light)?.reason).toBe('there is no late')
    set('late', 1)
    expect(drain(queue)).toEqual([2])
    expect(queue.waiting().get(heavy)?.reason).toMatch(/takes 3 of late, which has no more than 1/)
    set('late', 4)
    expect(drain(queue)).toEqual([1])
  })
  test('who waits for one that went holds up nobody', () => {
    const { queue, set } = changing()
    for (const at of [1, 2]) queue.add(waiter(at, 'a', 'pool'))
    expect(drain(queue)).toEqual([1])
    set('pool', undefined)
    queue.add(waiter(3, 'a'))
    expect(drain(queue)).toEqual([3])
    set('pool', 5)
    expect(drain(queue)).toEqual([])
    queue.leave(waiter(3, 'a').claims)
    expect(drain(queue)).toEqual([2])
  })
})

test('one that can not go any more does not stand before others at another limit', () => {
  const widths: Record<string, number> = { ...WIDTHS }
  const queue = make(widths)
  for (const one of [waiter(1, ['b', 2]), waiter(2, 'a', ['b', 2])]) queue.add(one)
  expect(drain(queue)).toEqual([1])
  delete widths['a']
  queue.changed((key) => key === 'a')
  queue.add(waiter(3, 'b'))
  expect(drain(queue)).toEqual([3])
})

describe('in any order of events', () => {
  const claims = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'pool', 'tiny'), fc.integer({ min: 1, max: 3 })), {
    maxLength: 2,
  })
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), priority: fc.integer({ min: 0, max: 3 }), claims }),
    fc.record({ kind: fc.constantFrom('leave' as const, 'remove' as const), which: fc.nat(50) }),
    fc.record({
      kind: fc.constant('set' as const),
      key: fc.constantFrom('a', 'pool', 'tiny'),
      width: fc.option(fc.nat(4)),
    }),
  )
  test('no limit is passed, nobody who could go waits, and all go in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const widths: Record<string, number> = { ...WIDTHS }
        const ledger = makeLedger(widths)
        const queue = createPlaceQueue<Numbered>(ledger, inOrder)
        const set = (key: string, width: number | null): void => {
          if (width === null) delete widths[key]
          else widths[key] = width
          queue.changed((one) => one === key)
        }
        const isPossible = ({ claims }: Numbered): boolean =>
          claims.every(({ key, amount }) => amount <= (widths[key] ?? -1))
        let at = 0
        const waiting = new Set<Numbered>()
        const inside: Numbered[] = []
        const letIn = (): void => {
          const used: Record<string, number> = {}
          for (const { key, amount } of inside.flatMap((one) => one.claims)) used[key] = (used[key] ?? 0) + amount
          for (let next = queue.next(); next; next = queue.next()) {
            expect(waiting.delete(next)).toBe(true)
            inside.push(next)
            for (const { key, amount } of next.claims) {
              used[key] = (used[key] ?? 0) + amount
              expect(used[key]).toBeLessThanOrEqual(widths[key]!)
            }
          }
          // The first of all that wait is held by a limit, not by the queue.
          const first = [...waiting].filter(isPossible).sort((x, y) => x.at - y.at)[0]
          if (first) expect(first.claims.every((claim) => ledger.fits(claim))).toBe(false)
        }
        for (const one of steps) {
          if (one.kind === 'add') {
            const keys = new Set(one.claims.map(([key]) => key))
            const added = waiter(++at - 1000 * one.priority, ...one.claims.slice(0, keys.size === 2 ? 2 : 1))
            waiting.add(added)
            queue.add(added)
          } else if (one.kind === 'set') {
            set(one.key, one.width)
          } else if (one.kind === 'leave') {
            const [gone] = inside.splice(one.which % (inside.length || 1), 1)
            if (gone) queue.leave(gone.claims)
          } else {
            const gone = [...waiting][one.which % (waiting.size || 1)]
            if (gone) {
              waiting.delete(gone)
              queue.remove(gone)
            }
          }
          letIn()
          expect(queue.size).toBe(waiting.size)
        }
        for (const [key, width] of Object.entries(WIDTHS)) set(key, width)
        letIn()
        while (inside.length > 0) {
          queue.leave(inside.shift()!.claims)
          letIn()
        }
        expect([...waiting].filter(isPossible)).toEqual([])
      }),
    )
  })
})

test('ten thousand waiters and a thousand lines cost little for each that goes', () => {
  let looks = 0
  const widths: Record<string, number> = { all: 100_000 }
  for (let line = 0; line < 1000; line++) widths[`line${line}`] = 1
  const inner = makeLedger(widths)
  const ledger = {
    ...inner,
    fits: (claim: Claim) => {
      looks++
      return inner.fits(claim)
    },
  }
  const queue = createPlaceQueue<Numbered>(ledger, inOrder)
  for (let at = 0; at < 10_000; at++) queue.add(waiter(at, `line${at % 1000}`))
  expect(drain(queue)).toHaveLength(1000)
  looks = 0
  for (let line = 0; line < 1000; line++) {
    queue.leave(waiter(0, `line${line}`).claims)
    expect(drain(queue)).toEqual([1000 + line])
  }
  expect(looks).toBeLessThan(1000 * 12)
})

test('far places are told in steps', () => {
  expect([0, 1, 7, 10, 11, 20, 49, 50, 999, 1000, 2345].map((before) => placeInQueue(before, 'run'))).toEqual([
    'it is the next one',
    '1 run is before it',
    '7 runs are before it',
    '10 runs are before it',
    'at least 10 runs are before it',
    'at least 20 runs are before it',
    'at least 20 runs are before it',
    'at least 50 runs are before it',
    'at least 500 runs are before it',
    'at least 1000 runs are before it',
    'at least 2000 runs are before it',
  ])
})
