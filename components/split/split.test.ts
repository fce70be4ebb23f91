import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Table } from '../table/table.ts'
import { splitTable } from './split.ts'

const table = (classes: readonly string[]): Table => ({
  columns: ['id', 'class'],
  rows: classes.map((name, i) => [String(i), name]),
})

describe('splitTable', () => {
  test('keeps the shares of the classes', () => {
    const data = table([...Array(80).fill('a'), ...Array(20).fill('b')])
    const { test: part } = splitTable(data, { testFraction: 0.25, seed: 1, stratifyBy: 'class' })
    expect(part.rows.filter((row) => row[1] === 'a')).toHaveLength(20)
    expect(part.rows.filter((row) => row[1] === 'b')).toHaveLength(5)
  })
  test('gives the same parts for the same seed and others for another', () => {
    const data = table(Array(50).fill('a'))
    const ids = (seed: number) => splitTable(data, { testFraction: 0.2, seed }).test.rows.map((row) => row[0])
    expect(ids(7)).toEqual(ids(7))
    expect(ids(7)).not.toEqual(ids(8))
  })
  test('every row lands in exactly one part, in the old order', () => {
    const classes = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 60 })
    const check = fc.property(
      classes,
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      fc.integer(),
      (names, testFraction, seed) => {
        const parts = splitTable(table(names), { testFraction, seed, stratifyBy: 'class' })
        const ids = (part: Table) => part.rows.map((row) => Number(row[0]))
        const all = [...ids(parts.train), ...ids(parts.test)]
        expect(parts.train.rows.length).toBeGreaterThan(0)
        expect(parts.test.rows.length).toBeGreaterThan(0)
        expect([...all].sort((a, b) => a - b)).toEqual(names.map((_, i) => i))
        expect(ids(parts.train)).toEqual(ids(parts.train).toSorted((a, b) => a - b))
      },
    )
    fc.assert(check, { seed: 20, numRuns: 200 })
  })
  test.each([
    ['a fraction of 0', ['a', 'b'], 0, 'between 0 and 1'],
    ['one row', ['a'], 0.5, '1 rows cannot be split'],
  ])('refuses %s', (_, names, testFraction, message) => {
    expect(() => splitTable(table(names), { testFraction, seed: 1 })).toThrow(message)
  })
})
