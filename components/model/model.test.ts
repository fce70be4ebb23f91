import { describe, expect, test } from 'vitest'
import { evaluateModel } from '../evaluate/evaluate-model.ts'
import { preprocessTable } from '../preprocess/apply.ts'
import { fitPreprocessing } from '../preprocess/fit.ts'
import { parseCsv } from '../table/csv.ts'
import { trainClassifier } from '../train/train-classifier.ts'
import { predictRecord, predictTable } from './model.ts'
import { parseModel, printModel } from './model-file.ts'

const raw = parseCsv(
  `size,colour,kind\n${Array.from({ length: 60 }, (_, i) => `${i % 7 === 0 ? '' : i},${i % 3 ? 'red' : 'blue'},${i < 30 ? 'small' : 'big'}`).join('\n')}\n`,
)
const plan = fitPreprocessing(raw, { target: 'kind' })
const features = preprocessTable(plan, raw)
const model = trainClassifier(features, 'kind', { trees: 20, seed: 1 }, plan)

describe('the model file', () => {
  test('read again, it gives the same answers', () => {
    const again = parseModel(printModel(model))
    expect(again).toEqual(model)
    expect(predictTable(again, raw)).toEqual(predictTable(model, raw))
  })
  test('the same training gives the same bytes', () => {
    expect(printModel(trainClassifier(features, 'kind', { trees: 20, seed: 1 }, plan))).toBe(printModel(model))
  })
  test('says what goes in and what comes out', () => {
    expect(JSON.parse(printModel(model)).signature).toEqual({
      inputs: [
        { name: 'size', type: 'double', required: false },
        { name: 'colour', type: 'string', required: false },
      ],
      outputs: [{ name: 'kind', type: 'string', required: true }],
    })
  })

  const damaged = (change: (document: Record<string, never>) => void) => {
    const document = JSON.parse(printModel(model))
    change(document)
    return JSON.stringify(document)
  }
  const bytes = (numbers: Uint32Array) => Buffer.from(numbers.buffer).toString('base64')
  test.each([
    ['text', 'hello', 'no model file'],
    ['other JSON', '{"format":"x"}', 'its format is not'],
    ['null', 'null', 'no model file'],
    ['a later version', damaged((d) => Object.assign(d, { version: 9 })), 'of version 9'],
    ['no forest', damaged((d) => Object.assign(d, { forest: undefined })), 'missing'],
    ['a missing array', damaged((d) => Object.assign(d.forest!, { next: undefined })), 'forest.next'],
    ['a cut array', damaged((d) => Object.assign(d.forest!, { roots: { type: '<u4', base64: 'AAA=' } })), 'cut short'],
    [
      'branches that lead in a circle',
      damaged((d) =>
        Object.assign(d.forest!, { next: { type: '<u4', base64: bytes(new Uint32Array(model.forest.next.length)) } }),
      ),
      'leads nowhere',
    ],
    ['no tree', damaged((d) => Object.assign(d.forest!, { roots: { type: '<u4', base64: '' } })), 'no tree'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseModel(text)).toThrow(message)
  })
})

describe('prediction', () => {
  test('takes raw rows, or preprocessed ones when told so', () => {
    expect(predictTable(model, features, { preprocessed: true }).labels).toEqual(predictTable(model, raw).labels)
  })
  test('answers for one record, gaps and numbers allowed', () => {
    const answer = predictRecord(model, { size: 55, colour: null })
    expect(answer.label).toBe('big')
    expect(answer.probabilities.big! + answer.probabilities.small!).toBeCloseTo(1)
  })
  test('without preprocessing it wants numbers and says so', () => {
    const bare = trainClassifier(parseCsv('a,y\n1,p\n2,q\n3,q\n'), 'y', { trees: 3 })
    expect(() => predictTable(bare, parseCsv('a\nx\n'))).toThrow('row 1: column "a" holds "x" where a number is needed')
    expect(() => predictTable(bare, parseCsv('b\n1\n'))).toThrow('no column "a"')
  })
})

describe('trainClassifier', () => {
  test.each([
    ['one class', 'a,y\n1,p\n2,p\n', 'one class only: "p"'],
    ['a gap in the target', 'a,y\n1,p\n2,\n', 'row 2 has no value'],
    ['text among the features', 'a,y\nx,p\n2,q\n', 'run preprocess first'],
  ])('refuses %s', (_, csv, message) => {
    expect(() => trainClassifier(parseCsv(csv), 'y')).toThrow(message)
  })
})

describe('evaluateModel', () => {
  test('of two classes: accuracy, confusion and curve', () => {
    const { quality, roc } = evaluateModel(model, raw)
    expect(quality.accuracy).toBeGreaterThan(0.9)
    expect(quality.confusion.flat().reduce((a, b) => a + b)).toBe(60)
    expect(roc).toMatchObject({ positiveClass: 'small' })
    expect(roc!.auc).toBeGreaterThan(0.95)
  })
  test('a class that the model never saw counts as missed', () => {
    const { quality, roc } = evaluateModel(model, parseCsv('size,colour,kind\n55,red,big\n1,red,tiny\n'))
    expect(quality.accuracy).toBe(0.5)
    expect(quality.byClass.tiny).toMatchObject({ recall: 0, support: 1 })
    expect(roc).toBeUndefined()
  })
})
