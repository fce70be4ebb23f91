import { expect, test } from 'vitest'
import { expandVariables } from './process-step.ts'

test.each([
  ['$(A)-$(B)', '1-2', 'own variables are replaced'],
  ['$(date) $HOME ${A} $A', '$(date) $HOME ${A} $A', 'what the shell expands is left to it'],
  ['$$(A)', '$(A)', 'a doubled dollar stands for the text'],
  ['$$(C) $$', '$$(C) $$', 'and is left alone elsewhere'],
])('%s becomes %s: %s', (text, expected) => {
  expect(expandVariables(text, { A: '1', B: '2' })).toBe(expected)
})
