import { expect, test } from 'vitest'
import { checkKey, Fields, MAX_PARAM_LENGTH, readPair } from './fields.ts'

test.each(['größe', 'genauigkeit_ä', 'ключ', '日本', 'a²', 'train/loss: step 1'])('%j is a key', (key) => {
  expect(() => checkKey(key)).not.toThrow()
})

test.each(['', 'a\u0301', 'a\nb', '😀', 'a/../b', '/a', 'a?'])('%j is no key', (key) => {
  expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'invalid' }))
})

const cut = (value: string) => readPair(new Fields({ key: 'k', value }), MAX_PARAM_LENGTH, 'cut').value

test('what is too long is cut between characters where it is asked for, and refused elsewhere', () => {
  expect(cut('a'.repeat(2_000_000))).toBe('a'.repeat(6000))
  expect(cut(`${'😀'.repeat(5999)}ab`)).toBe(`${'😀'.repeat(5999)}a`)
  expect(cut('😀'.repeat(6000))).toBe('😀'.repeat(6000))
  expect(() => readPair(new Fields({ key: 'k', value: 'abc' }), 2)).toThrow('3 characters, 2 are allowed')
})
