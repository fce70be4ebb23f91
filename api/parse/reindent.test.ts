/** Lines inside quotes and brackets may stand anywhere for most readers of YAML; moving them changes no value. */
import { load } from 'js-yaml'
import { expect, it } from 'vitest'
import { reindent } from './reindent.ts'

const ROWS: readonly (readonly [story: string, text: string, value: unknown])[] = [
  ['a closing bracket below its key', 'key: [\n a,\nb\n]\nx: 1\n', { key: ['a', 'b'], x: 1 }],
  [
    'quotes inside braces',
    'a:\n  b: {\n"x": "y\nz", q: [1,\n2]\n}\nc: 1\n',
    { a: { b: { x: 'y z', q: [1, 2] } }, c: 1 },
  ],
  [
    'a block text that looks like quotes',
    'a:\n- "x\ny"\n- |\n  "not\n   [x\n- "k\nl"\n',
    { a: ['x y', '"not\n [x\n', 'k l'] },
  ],
  ['an apostrophe in plain text', "- it's\n- 'a''\nb'\n- x # \"foo\n- - \"p\nq\"\n", ["it's", "a' b", 'x', ['p q']]],
  ['escaped quotes and line ends', '- "a\\"\\\nb\n\nc"\n', ['a"b\nc']],
]

it.each(ROWS)('%s', (_, text, value) => expect(load(reindent(text))).toEqual(value))
