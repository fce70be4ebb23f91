import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classificationQuality, printConfusion } from './metrics.ts'
import { rocCurve, thinOut } from './roc.ts'

describe('classificationQuality', () => {
  // By hand: class a: 2 of 3 found, 2 of 3 claims right; b: 1 of 2 found, 1 of 2 claims right; c is never predicted.
  const quality = classificationQuality([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 0], ['a', 'b', 'c'])
  test('counts the confusions, rows by truth', () => {
    expect(quality.confusion).toEqual([
      [2, 1, 0],
      [1, 1, 0],
      [1, 0, 0],
    ])
  })
  test('computes the rates of each class and their mean', () => {
    expect(quality.accuracy).toBeCloseTo(3 / 6)
    expect(quality.byClass.a).toMatchObject({ precision: 2 / 4, recall: 2 / 3, support: 3 })
    expect(quality.byClass.b).toMatchObject({ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 })
    expect(quality.byClass.c).toEqual({ precision: 0, recall: 0, f1: 0, support: 1 })
    expect(quality.macro.recall).toBeCloseTo((2 / 3 + 1 / 2) / 3)
  })
  test('prints the matrix in columns', () => {
    expect(printConfusion(quality)).toBe(
      [
        'actual \\ predicted  a  b  c',
        'a                   2  1  0',
        'b                   1  1  0',
        'c                   1  0  0',
      ].join('\n'),
    )
  })
  test('refuses lists of unlike length', () => {
    expect(() => classificationQuality([0], [], ['a'])).toThrow('cannot be compared')
  })
})

describe('rocCurve', () => {
  test('a perfect order has area 1, its reverse 0, all equal scores 0.5', () => {
    expect(rocCurve([false, true], [0.1, 0.9])?.auc).toBe(1)
    expect(rocCurve([false, true], [0.9, 0.1])?.auc).toBe(0)
    expect(rocCurve([false, true, true], [0.5, 0.5, 0.5])?.auc).toBe(0.5)
  })
  test('is not defined for one class', () => {
    expect(rocCurve([true, true], [0, 1])).toBeUndefined()
  })
  test('the area is the share of pairs in the right order, ties counting half', () => {
    const rows = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 40 })
    const check = fc.property(rows, (pairs) => {
      const curve = rocCurve(
        pairs.map(([positive]) => positive),
        pairs.map(([, score]) => score),
      )
      const [up, down] = [pairs.filter(([p]) => p), pairs.filter(([p]) => !p)]
      if (!curve) {
        expect(up.length * down.length).toBe(0)
        return
      }
      const wins = up.flatMap(([, a]) => down.map(([, b]): number => (a > b ? 1 : a === b ? 0.5 : 0)))
      expect(curve.auc).toBeCloseTo(wins.reduce((sum, win) => sum + win, 0) / wins.length, 10)
      expect(curve.points.at(-1)).toMatchObject({ falsePositiveRate: 1, recall: 1 })
    })
    fc.assert(check, { seed: 4, numRuns: 300 })
  })
  test('thinOut keeps the ends', () => {
    const { points } = rocCurve(
      Array.from({ length: 50 }, (_, i) => i % 3 === 0),
      Array.from({ length: 50 }, (_, i) => i),
    )!
    const few = thinOut(points, 10)
    expect(few).toHaveLength(10)
    expect([few[0], few.at(-1)]).toEqual([points[0], points.at(-1)])
  })
})
