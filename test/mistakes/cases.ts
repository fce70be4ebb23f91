/** Mistakes that authors make, as they write them. The line that ends with `// <-` is the one that must be named. */

export interface Mistake {
  readonly what: string
  readonly code: string
  /** A part of the message, and of the remedy. */
  readonly says: string
  readonly remedy: string
  /** Statements of the body of a pipeline; the prelude below is in scope. */
  readonly body: string
}

/** What every case may use. */
export const PRELUDE = `import { and, asComponent, collected, defineComponent, defineContainerComponent, definePipeline, equals, exitHandler, greaterThan, If, importer, isIn, kubernetes, lessThan, not, oneOf, or, parallelFor, t, waitFor } from 'kfp-ts'
const image = 'busybox'
const make = defineContainerComponent({ name: 'make', inputs: { n: t.integer({ default: 1 }), word: t.optional(t.string()) }, outputs: { n: t.integer(), data: t.dataset() }, image })
const one = defineContainerComponent({ name: 'one', inputs: { n: t.integer() }, outputs: { n: t.integer() }, image })
const use = defineContainerComponent({ name: 'use', inputs: { data: t.dataset(), mode: t.optional(t.literal(['a', 'b'])) }, image })
const fit = defineContainerComponent({ name: 'fit', inputs: { options: t.struct({ depth: t.integer() }), list: t.optional(t.list(t.integer())) }, outputs: { model: t.model() }, image })
const list = defineContainerComponent({ name: 'list', outputs: { list: t.list(t.integer()) }, image })
const finish = defineContainerComponent({ name: 'finish', inputs: { status: t.finalStatus() }, image })
`

/** In calls and values. */
export const WIRING_MISTAKES: readonly Mistake[] = [
  {
    what: 'a missing input',
    code: 'missing-input',
    says: 'needs its input "data"',
    remedy: 'add "data"',
    body: 'use({}) // <-',
  },
  {
    what: 'an unknown input',
    code: 'unknown-input',
    says: 'has no input "wrod"',
    remedy: 'did you mean "word"?',
    body: "make({ wrod: 'x' }) // <-",
  },
  {
    what: 'text for a number',
    code: 'wrong-type',
    says: 'wants NUMBER_INTEGER and got STRING',
    remedy: 'change the value',
    body: "make({ n: 'three' }) // <-",
  },
  {
    what: 'a fraction for an integer',
    code: 'wrong-type',
    says: 'got NUMBER_DOUBLE',
    remedy: 'change the value',
    body: 'make({ n: 1.5 }) // <-',
  },
  {
    what: 'not a number',
    code: 'wrong-type',
    says: 'NaN',
    remedy: 'JSON values',
    body: 'make({ n: Number.NaN }) // <-',
  },
  {
    what: 'a value that is no literal',
    code: 'wrong-type',
    says: 'allows "a", "b"',
    remedy: 'change the value',
    body: "use({ data: make().outputs.data, mode: 'c' }) // <-",
  },
  {
    what: 'an artifact as a parameter',
    code: 'wrong-type',
    says: 'an artifact (system.Dataset)',
    remedy: 'output parameter',
    body: 'make({ n: make().outputs.data }) // <-',
  },
  {
    what: 'a parameter as an artifact',
    code: 'wrong-type',
    says: 'wants an artifact',
    remedy: 'pass an artifact output',
    body: 'use({ data: make().outputs.n }) // <-',
  },
  {
    what: 'a path as an artifact',
    code: 'wrong-type',
    says: 'got a constant',
    remedy: 'importer()',
    body: "use({ data: 'file.csv' }) // <-",
  },
  {
    what: 'a Model as a Dataset',
    code: 'wrong-type',
    says: 'wants system.Dataset and got system.Model',
    remedy: 't.artifact()',
    body: 'use({ data: fit({ options: { depth: 1 } }).output }) // <-',
  },
  {
    what: 'a task as a value',
    code: 'wrong-type',
    says: 'the task "make" itself',
    remedy: 'task.output',
    body: 'use({ data: make() }) // <-',
  },
  {
    what: 'a function as a value',
    code: 'wrong-type',
    says: 'got a function',
    remedy: 'JSON value',
    body: 'make({ n: () => 3 }) // <-',
  },
  {
    what: 'a Date as a value',
    code: 'wrong-type',
    says: 'class Date',
    remedy: 'JSON values',
    body: 'fit({ options: new Date(0) }) // <-',
  },
  {
    what: 'a missing field',
    code: 'wrong-type',
    says: 'lacks the field depth',
    remedy: 'change the value',
    body: 'fit({ options: {} }) // <-',
  },
  {
    what: 'an unknown field',
    code: 'wrong-type',
    says: 'unknown field deep',
    remedy: 'change the value',
    body: 'fit({ options: { depth: 1, deep: 2 } }) // <-',
  },
  {
    what: 'a list with a wrong item',
    code: 'wrong-type',
    says: 'at [1]',
    remedy: 'change the value',
    body: "fit({ options: { depth: 1 }, list: [1, 'two'] }) // <-",
  },
  {
    what: 'inputs one by one',
    code: 'wrong-call',
    says: 'one object of inputs',
    remedy: 'make({ n: … })',
    body: 'make(3) // <-',
  },
  {
    what: 'an output that does not exist',
    code: 'unknown-output',
    says: 'no output "dta"',
    remedy: 'did you mean "data"?',
    body: 'use({ data: make().outputs.dta }) // <-',
  },
  {
    what: 'the output of several',
    code: 'no-single-output',
    says: '2 outputs',
    remedy: 'n, data',
    body: 'make({ n: make().output }) // <-',
  },
  {
    what: 'the output of none',
    code: 'no-single-output',
    says: 'no outputs',
    remedy: 'give the component an output',
    body: 'make({ n: use({ data: make().outputs.data }).output }) // <-',
  },
  {
    what: 'a condition lost to &&',
    code: 'unused-condition',
    says: 'never used',
    remedy: 'and(…)',
    body: 'const n = make().outputs.n\nIf(equals(n, 1) && equals(n, 2), () => make()) // <-',
  },
  {
    what: 'a condition lost to ||',
    code: 'unused-condition',
    says: 'never used',
    remedy: 'or(…)',
    body: 'const n = make().outputs.n\nconst other = equals(n, 2) // <-\nIf(equals(n, 1) || other, () => make())',
  },
  {
    what: 'a condition that nobody asks for',
    code: 'unused-condition',
    says: 'never used',
    remedy: 'If(…)',
    body: 'greaterThan(make().outputs.n, 3) // <-',
  },
  {
    what: 'a condition as a value',
    code: 'wrong-type',
    says: 'got a condition',
    remedy: 'If',
    body: 'const n = make().outputs.n\nmake({ n: equals(n, 3) }) // <-',
  },
  {
    what: 'a wait for an address that is none',
    code: 'bad-wait',
    says: '"url" is "example.com/x"',
    remedy: 'docs/waiting.md',
    body: "waitFor.http({ url: 'example.com/x' }) // <-",
  },
  {
    what: 'a wait until a time without a zone',
    code: 'bad-wait',
    says: 'a time with its zone',
    remedy: 'docs/waiting.md',
    body: "waitFor.time({ at: '2026-12-01 06:00' }) // <-",
  },
  {
    what: 'a reference in a name to show',
    code: 'misplaced-reference',
    says: 'the name to show holds a reference',
    remedy: 'constant text',
    body: 'make().setDisplayName(`train ${inputs.n}`) // <-',
  },
  {
    what: 'a reference as a name to show',
    code: 'misplaced-reference',
    says: 'the name to show holds a reference',
    remedy: 'constant text',
    body: 'make().setDisplayName(inputs.n) // <-',
  },
  {
    what: 'a reference in the name of a loop',
    code: 'misplaced-reference',
    says: 'the name to show',
    remedy: 'constant text',
    body: 'parallelFor([1], (n) => one({ n }), { displayName: `loop ${inputs.n}` }) // <-',
  },
  {
    what: 'a reference in the name of an exit handler',
    code: 'misplaced-reference',
    says: 'the name to show',
    remedy: 'constant text',
    body: 'exitHandler(finish(), () => make(), { displayName: `loop ${inputs.n}` }) // <-',
  },
  {
    what: 'a reference in the key of a cache',
    code: 'misplaced-reference',
    says: 'the key of setCaching',
    remedy: 'values of the inputs',
    body: 'make().setCaching(true, { key: `k-${inputs.n}` }) // <-',
  },
  {
    what: 'a reference in the name of a variable',
    code: 'misplaced-reference',
    says: 'the name of an environment variable',
    remedy: 'its value may',
    body: "make().setEnv(`A_${inputs.n}`, 'b') // <-",
  },
  {
    what: 'a reference in the name of a task',
    code: 'misplaced-reference',
    says: 'the name of a task',
    remedy: 'setDisplayName',
    body: "importer({ uri: 's3://a/b', type: t.dataset(), name: `import-${inputs.n}` }) // <-",
  },
  {
    what: 'a reference in the name of a secret',
    code: 'misplaced-reference',
    says: 'the kubernetes setting "secretAsEnv"',
    remedy: 'may be a whole reference',
    body: "kubernetes.useSecretAsEnv(make(), { secretName: `s3-${inputs.n}`, keyToEnv: { key: 'KEY' } }) // <-",
  },
  {
    what: 'a reference as the key of a secret',
    code: 'misplaced-reference',
    says: 'the kubernetes setting "secretAsVolume"',
    remedy: 'may be a whole reference',
    body: "kubernetes.useSecretAsVolume(make(), { secretName: 's', mountPath: inputs.n }) // <-",
  },
  {
    what: 'a reference in a label',
    code: 'misplaced-reference',
    says: 'the kubernetes setting "podMetadata"',
    remedy: 'use a constant',
    body: "kubernetes.addPodLabel(make(), `team-${inputs.n}`, 'a') // <-",
  },
  {
    what: 'a reference in a node selector',
    code: 'misplaced-reference',
    says: 'the kubernetes setting "nodeSelector"',
    remedy: 'use a constant',
    body: 'kubernetes.addNodeSelectorJson(make(), { pool: inputs.n }) // <-',
  },
  {
    what: 'a reference in a pool',
    code: 'misplaced-reference',
    says: 'the kubernetes setting "pool"',
    remedy: 'use a constant',
    body: 'kubernetes.setPool(make(), `gpu-${inputs.n}`) // <-',
  },
  {
    what: 'a reference in a compared text',
    code: 'misplaced-reference',
    says: 'a text of this condition',
    remedy: 'let a component make',
    body: 'If(equals(make().outputs.n, `${inputs.n}-x`), () => make()) // <-',
  },
  {
    what: 'a reference in a chosen text',
    code: 'misplaced-reference',
    says: 'a text of this condition',
    remedy: 'let a component make',
    body: "If(isIn(make().outputs.n, ['a', `${inputs.n}-x`]), () => make()) // <-",
  },
  {
    what: 'a reference in the definition of a component',
    code: 'misplaced-reference',
    says: 'the definition of component "inner"',
    remedy: 'give the component an input',
    body: "const inner = defineContainerComponent({ name: 'inner', image, command: ['echo', `${inputs.n}`] }) // <-\ninner()",
  },
]
