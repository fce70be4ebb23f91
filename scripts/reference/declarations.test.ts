import { expect, test } from 'vitest'
import { namespaceMembers, readDeclarations, readExports } from './declarations.ts'

const FILE = `/** Of the file. */
import * as parts from './parts.ts';
/** Adds.
 *
 * @example add(1)
 */
export declare function add(value: number): number;
export declare function add(value: string): string;
/** Counts. */
export declare class Counter {
    #private;
    private hidden;
    /** How far. */
    readonly count: number;
}
declare const inner: number;
export declare const all: {
    one: typeof parts.first;
};
`

test('finds what is exported, with its comment and without what is private', () => {
  expect(readDeclarations(FILE)).toEqual([
    { name: 'add', kind: 'function', doc: 'Adds.\n\n@example add(1)', code: 'function add(value: number): number' },
    { name: 'add', kind: 'function', doc: '', code: 'function add(value: string): string' },
    {
      name: 'Counter',
      kind: 'class',
      doc: 'Counts.',
      code: 'class Counter {\n  /** How far. */\n  readonly count: number\n}',
    },
    { name: 'inner', kind: 'const', doc: '', code: 'const inner: number' },
    { name: 'all', kind: 'const', doc: '', code: 'const all: {\n  one: typeof parts.first\n}' },
  ])
})

test('reads the names of an entry point', () => {
  expect(readExports("export { a, type B as C, } from './x.ts';\nexport type { D } from './y.ts';")).toEqual([
    { name: 'a', local: 'a', from: './x.ts' },
    { name: 'C', local: 'B', from: './x.ts' },
    { name: 'D', local: 'D', from: './y.ts' },
  ])
})

test('follows members to the files that declare them', () => {
  expect(namespaceMembers('{ near: typeof inner }', FILE)).toEqual([{ name: 'near', local: 'inner' }])
  expect(namespaceMembers('{ one: typeof parts.first }', FILE)).toEqual([
    { name: 'one', local: 'first', from: './parts.ts' },
  ])
})
