import { expect, test } from 'vitest'
import { runClock } from './run-clock.ts'

test.each<[string, readonly [wall: number, steady: number][], readonly number[]]>([
  [
    'goes with the clock of the machine',
    [
      [1000, 0],
      [1500, 500],
    ],
    [1000, 1500],
  ],
  [
    'goes on when that is set back',
    [
      [1000, 0],
      [200, 500],
      [700, 1000],
    ],
    [1000, 1500, 2000],
  ],
  [
    'takes a jump ahead, as after a sleep',
    [
      [1000, 0],
      [9000, 500],
      [9500, 1000],
    ],
    [1000, 9000, 9500],
  ],
  [
    'does not begin before the last record',
    [
      [10, 0],
      [20, 10],
    ],
    [700, 710],
  ],
])('the time of a run %s', (_, moments, expected) => {
  let now = [0, moments[0]![1]] as [number, number]
  const clock = runClock(
    700,
    () => now[0],
    () => now[1],
  )
  const seen = moments.map((moment) => {
    now = moment
    return clock()
  })
  expect(seen).toEqual(expected)
})
