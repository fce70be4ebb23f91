/** Damaged pipelines never crash the parser: each gives a document, or errors that say where. Seeds are printed on a failure. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUE_CODES } from '../../api/issue-codes.ts'
import { type ParseResult, parsePipelineDocument } from '../../api/parse.ts'
import { jsonSchemaOf } from '../../api/schema/json-schema.ts'
import { corpusFiles, corpusFolder } from './corpus.ts'

const texts = corpusFiles('valid').map((file) => readFileSync(join(corpusFolder, 'valid', file), 'utf8'))
const anyText = fc.constantFrom(...texts)
/** A place in a text, as a fraction: it fits every file. */
const place = fc.double({ min: 0, max: 1, noNaN: true })

function expectSense(text: string, { document, issues }: ParseResult): void {
  const errors = issues.filter(({ severity }) => severity === 'error')
  expect(document === undefined).toBe(errors.length > 0)
  const lines = text.split('\n').length
  for (const { code, message, location } of issues) {
    expect(Object.keys(ISSUE_CODES)).toContain(code)
    expect(message).not.toBe('')
    if (code === 'too-many-issues') continue
    expect(location?.line).toBeGreaterThanOrEqual(1)
    expect(location?.line).toBeLessThanOrEqual(lines)
    expect(location?.column).toBeGreaterThanOrEqual(1)
  }
}

describe('damaged text', () => {
  it('with pieces cut out, put in and swapped', () => {
    const scrap = fc.constantFrom(
      '',
      ' ',
      '\n',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ':',
      '- ',
      '&a ',
      '*a',
      '|',
      '#',
      '\t',
      '!!x',
      '\u0000',
      '~',
      '1e999',
      '__proto__: 1',
      '<<: ',
    )
    const edit = fc.tuple(place, fc.nat(60), scrap)
    fc.assert(
      fc.property(anyText, fc.array(edit, { minLength: 1, maxLength: 4 }), (text, edits) => {
        let damaged = text
        for (const [at, length, insert] of edits) {
          const start = Math.floor(at * damaged.length)
          damaged = damaged.slice(0, start) + insert + damaged.slice(start + length)
        }
        expectSense(damaged, parsePipelineDocument(damaged))
      }),
      { numRuns: 600 },
    )
  })

  it('of arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parsePipelineDocument(bytes)
        expect(result.document).toBeUndefined()
        expect(result.issues.length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })
})

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Replaces the value at one place of the tree. */
function mutate(value: Json, pick: () => number, replacement: Json): Json {
  if (value === null || typeof value !== 'object' || pick() < 0.08) return replacement
  const keys = Object.keys(value)
  if (keys.length === 0) return replacement
  const key = keys[Math.floor(pick() * keys.length)]!
  const copy = structuredClone(value) as Record<string, Json>
  const action = pick()
  if (action < 0.05) delete copy[key]
  else if (action < 0.1) copy[`${key}x`] = copy[key]!
  else copy[key] = mutate(copy[key]!, pick, replacement)
  return copy as Json
}

describe('damaged structure', () => {
  const documents = texts.flatMap((text) => parsePipelineDocument(text).document?.spec ?? []) as unknown as Json[]
  const replacement = fc.constantFrom<Json>(
    null,
    true,
    0,
    -1,
    1.5,
    '',
    'x',
    'root',
    [],
    {},
    ['x'],
    { x: 1 },
    'STRING',
    '{{$}}',
    '5s',
  )
  const mutation = fc.tuple(
    fc.constantFrom(...documents),
    fc.array(place, { minLength: 40, maxLength: 40 }),
    replacement,
  )

  it('gives a document or errors; what is accepted fits the JSON Schema', () => {
    const fits = new Ajv({ strict: false }).compile(jsonSchemaOf('PipelineSpec'))
    fc.assert(
      fc.property(mutation, ([document, numbers, value]) => {
        let next = 0
        const text = JSON.stringify(
          mutate(document, () => numbers[next++ % numbers.length]!, value),
          null,
          1,
        )
        const result = parsePipelineDocument(text)
        expectSense(text, result)
        if (result.document) expect(fits(result.document.spec), JSON.stringify(fits.errors)).toBe(true)
      }),
      { numRuns: 1500 },
    )
  })
})
