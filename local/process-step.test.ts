import { expect, test } from 'vitest'
import { expandVariables, ownVariables } from './process-step.ts'

test.each([
  ['$(A)-$(B)', '1-2', 'own variables are replaced'],
  ['$(date) $HOME ${A} $A', '$(date) $HOME ${A} $A', 'what the shell expands is left to it'],
  ['$$(A)', '$(A)', 'a doubled dollar stands for the text'],
  ['$$(C) $$', '$$(C) $$', 'and is left alone elsewhere'],
])('%s becomes %s: %s', (text, expected) => {
  expect(expandVariables(text, { A: '1', B: '2' })).toBe(expected)
})

test('a value may mention variables before it, also those that mention others', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '$(A)-b' },
    { name: 'C', value: '$(B)-c $(D) $(KFP_RETRY_INDEX)' },
    { name: 'D', value: '$$(A)' },
    { name: 'KFP_RETRY_INDEX', value: 'mine' },
  ]
  const expected = { A: '1', B: '1-b', C: '1-b-c $(D) 0', D: '$(A)', KFP_RETRY_INDEX: '0' }
  expect(ownVariables(env, { KFP_RETRY_INDEX: '0' })).toEqual(expected)
})
