import { describe, expect, test } from 'vitest'
import { parseCsv } from '../table/csv.ts'
import { applyPreprocessing, preprocessTable } from './apply.ts'
import { fitPreprocessing } from './fit.ts'
import { featureNames } from './plan.ts'

const train = parseCsv('age,city,same,empty,class\n10,Rome,x,,yes\n20,Oslo,x,,no\n,Oslo,x,,no\n60,,x,,yes\n')
const numbers = (csv: string, plan: ReturnType<typeof fitPreprocessing>) =>
  applyPreprocessing(plan, parseCsv(csv)).map((row) => [...row])

describe('fitPreprocessing', () => {
  test('learns medians, most frequent categories and what to drop', () => {
    const plan = fitPreprocessing(train, { target: 'class', scale: 'none' })
    expect(plan.columns).toEqual([
      { kind: 'numeric', name: 'age', impute: 20, center: 0, scale: 1 },
      { kind: 'categorical', name: 'city', impute: 'Oslo', encoding: 'onehot', categories: ['Oslo', 'Rome'] },
    ])
    expect(plan.dropped).toEqual([
      { name: 'same', reason: 'always the same value' },
      { name: 'empty', reason: 'no value at all' },
    ])
    expect(featureNames(plan)).toEqual(['age', 'city=Oslo', 'city=Rome'])
  })
  test('scales to mean 0 and deviation 1', () => {
    const plan = fitPreprocessing(parseCsv('a,y\n1,p\n3,q\n'), { target: 'y' })
    expect(numbers('a\n1\n3\n2\n', plan)).toEqual([[-1], [1], [0]])
  })
  test('scales to the range of the training part', () => {
    const plan = fitPreprocessing(parseCsv('a,y\n10,p\n30,q\n'), { target: 'y', scale: 'minmax' })
    expect(numbers('a\n10\n20\n40\n', plan)).toEqual([[0], [0.5], [1.5]])
  })
  test('can make "missing" a category and numbers categories', () => {
    const options = { target: 'class', imputeCategorical: 'missing', categorical: ['age'], encode: 'ordinal' } as const
    const plan = fitPreprocessing(train, options)
    expect(plan.columns.map((column) => column.kind === 'categorical' && column.categories)).toEqual([
      ['(missing)', '10', '20', '60'],
      ['(missing)', 'Oslo', 'Rome'],
    ])
    expect(numbers('age,city\n20,\n99,Rome\n', plan)).toEqual([
      [2, 0],
      [-1, 2],
    ])
  })
  test('keeps the most frequent categories when there are too many', () => {
    const plan = fitPreprocessing(parseCsv('c,y\na,p\nb,q\nb,p\n'), { target: 'y', maxCategories: 1 })
    expect(featureNames(plan)).toEqual(['c=b'])
    expect(numbers('c\na\nb\n', plan)).toEqual([[0], [1]])
  })
  test.each([
    ['an unknown target', { target: 'nope' }, 'no column "nope"'],
    ['an unknown column to drop', { target: 'class', drop: ['nope'] }, 'no column "nope"'],
    ['nothing to learn from', { target: 'class', drop: ['age', 'city'] }, 'no column is left'],
  ])('refuses %s', (_, options, message) => {
    expect(() => fitPreprocessing(train, options)).toThrow(message)
  })
  test('refuses a gap in the target', () => {
    expect(() => fitPreprocessing(parseCsv('a,y\n1,p\n2,\n'), { target: 'y' })).toThrow(
      'row 2 has no value in the target',
    )
  })
})

describe('applyPreprocessing', () => {
  const plan = fitPreprocessing(train, { target: 'class', scale: 'none' })
  test('fills gaps, ignores unknown categories, finds columns by name, counts a missing column as gaps', () => {
    expect(numbers('city,extra,age\nParis,1,5\n,1,\n', plan)).toEqual([
      [5, 0, 0],
      [20, 1, 0],
    ])
    expect(numbers('age\n1\n', plan)).toEqual([[1, 1, 0]])
  })
  test('refuses text in a numeric column and names the place', () => {
    expect(() => numbers('age\nold\n', plan)).toThrow('row 1: column "age" was numeric in training and now holds "old"')
  })
  test('preprocessTable keeps the target as the last column', () => {
    const out = preprocessTable(plan, train)
    expect(out.columns).toEqual(['age', 'city=Oslo', 'city=Rome', 'class'])
    expect(out.rows[3]).toEqual(['60', '1', '0', 'yes'])
  })
})
