/** What we print, all readers understand the same way: YAML 1.1 (PyYAML, Kubernetes) and 1.2. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { printYaml } from './print-yaml.ts'

const TRICKY = [
  'yes',
  'No',
  'on',
  'null',
  '~',
  '',
  ' ',
  '1',
  '1.0',
  '1e3',
  '0x10',
  '0o7',
  '0777',
  '1:30',
  '2001-01-01',
  '=',
  '<<',
  '- a',
  'a: b',
  '#c',
  "it's",
  '"q"',
  '{{$}}',
  '{}',
  '[]',
  '@a',
  '`a',
  '%a',
  '!a',
  '&a',
  '*a',
  '|',
  '>',
  'a\nb',
  'a\nb\n',
  'a\n\n\nb\n\n',
  '\na',
  ' a\nb',
  'a \nb',
  '\t',
  'a\tb',
  '\u2028',
  '\u0085',
  '\ufeff',
  'ä€😀',
  'a\r\nb',
  '...',
  '---',
  '---\na',
  'true',
  'NaN',
  '.inf',
  'a:',
  ':a',
  '?',
  '? a',
  'e0',
  '_1',
  'E_2',
]

describe('printYaml', () => {
  for (const version of ['1.1', '1.2'] as const) {
    test(`tricky texts come back in YAML ${version}`, () => {
      const value = { texts: TRICKY, keys: Object.fromEntries(TRICKY.map((text, index) => [text, index])) }
      expect(parse(printYaml(value), { version, merge: false })).toEqual(value)
    })

    test(`any JSON comes back in YAML ${version}`, () => {
      fc.assert(
        fc.property(
          fc.object({
            withNullPrototype: false,
            values: [
              fc.string({ unit: 'binary' }),
              fc.integer(),
              fc.boolean(),
              fc.constant(null),
              fc.double({ noNaN: true, noDefaultInfinity: true }),
            ],
          }),
          (value) => {
            const json = JSON.parse(JSON.stringify(value)) as unknown
            expect(parse(printYaml(json), { version, merge: false })).toEqual(json)
          },
        ),
        { numRuns: 100 },
      )
    })
  }

  test('numbers with exponents are numbers for YAML 1.1', () => {
    expect(printYaml({ a: 1e-7, b: 1e21, c: -1.5e-9 })).toBe('a: 1.0e-7\nb: 1.0e+21\nc: -1.5e-9\n')
  })

  test('keys are sorted, undefined is left out, several lines are readable', () => {
    expect(printYaml({ b: undefined, c: ['x', { z: 1, a: 'p\n  q\n' }], a: {} })).toBe(
      'a: {}\nc:\n- x\n- a: |\n    p\n      q\n  z: 1\n',
    )
  })
})
