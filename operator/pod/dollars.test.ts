import { describe, expect, test } from 'vitest'
import { expandVariables } from '../../local/process-step.ts'
import { keepDollars } from './dollars.ts'

const VARIABLES = { A: '1', B: '2' }

/** What a kubelet makes of it: the rules of k8s.io/kubernetes/third_party/forked/golang/expansion. */
function kubelet(text: string): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name?: string) => {
    if (name === undefined) return '$'
    return Object.hasOwn(VARIABLES, name) ? VARIABLES[name as 'A'] : whole
  })
}

describe('a step in a pod gets what it gets on a laptop', () => {
  test.each([
    ['$(A)-$(B)', '1-2'],
    ['$(date) $HOME ${A} $A', '$(date) $HOME ${A} $A'],
    ['$$(A)', '$(A)'],
    ['$$(C) $$', '$$(C) $$'],
    ['echo $$; kill $$', 'echo $$; kill $$'],
    ["re.sub('$$$', '', x)", "re.sub('$$$', '', x)"],
    ['$$$(A)', '$$(A)'],
    ['$', '$'],
    ['$(', '$('],
    ['$$(date +%s)', '$$(date +%s)'],
  ])('%s', (text, expected) => {
    expect(kubelet(keepDollars(text, new Set(Object.keys(VARIABLES))))).toBe(expected)
    expect(expandVariables(text, VARIABLES)).toBe(expected)
  })
})
