import { describe, expect, test } from 'vitest'
import { MISSING_VALUES, parseCsv, printCsv } from './csv.ts'
import { columnIndex, isNumeric } from './table.ts'

describe('parseCsv', () => {
  test('reads quotes, commas, line ends of Windows, a byte order mark and spaces', () => {
    const table = parseCsv('\ufeffname, note\r\n"Lee, Ann","said ""hi"""\r\n Bo ,\r\n')
    expect(table).toEqual({
      columns: ['name', 'note'],
      rows: [
        ['Lee, Ann', 'said "hi"'],
        ['Bo', ''],
      ],
    })
  })
  test('blanks the texts that stand for a missing value', () => {
    const table = parseCsv('a,b\n?,NA\nnan,1\n', { missingValues: MISSING_VALUES })
    expect(table.rows).toEqual([
      ['', ''],
      ['', '1'],
    ])
  })
  test('takes another delimiter', () => {
    expect(parseCsv('a;b\n1,5;2\n', { delimiter: ';' }).rows).toEqual([['1,5', '2']])
  })
  test.each([
    ['an empty file', '', 'the CSV is empty'],
    ['a repeated column', 'a,a\n1,2\n', 'two columns named "a"'],
    ['a column without a name', 'a,\n1,2\n', 'column 2 of the CSV has no name'],
    ['a short row', 'a,b\n1\n', 'line 2'],
    ['an open quote', 'a,b\n"1,2\n', 'cannot be read'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseCsv(text)).toThrow(message)
  })
})

test('printCsv writes what parseCsv reads', () => {
  const table = {
    columns: ['a', 'b,c'],
    rows: [
      ['1', 'x "y"'],
      ['', 'line\nbreak'],
      [' padded', ''],
    ],
  }
  const again = parseCsv(printCsv(table))
  expect(again.columns).toEqual(table.columns)
  expect(again.rows.slice(0, 2)).toEqual(table.rows.slice(0, 2))
})

test('columnIndex names the columns there are', () => {
  expect(() => columnIndex({ columns: ['a', 'b'], rows: [] }, 'c')).toThrow('no column "c"; the columns are a, b')
})

test.each([
  ['1', true],
  ['-1.5e-3', true],
  ['.5', true],
  ['5.', true],
  ['', false],
  ['1e999', false],
  ['0x10', false],
  ['1 000', false],
  ['NaN', false],
])('isNumeric(%j) is %s', (text, expected) => {
  expect(isNumeric(text)).toBe(expected)
})
