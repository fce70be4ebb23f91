/** What tsc must accept and refuse when components are wired. A line after an expect-error comment that compiles fails the test. */
import {
  collected,
  definePipeline,
  equals,
  greaterThan,
  If,
  importer,
  isIn,
  not,
  oneOf,
  parallelFor,
  t,
  text,
  waitFor,
} from 'kfp-ts'
import { count, list, load, merge, notify, say, show, sum, train, use } from './components.ts'

definePipeline({ name: 'inputs' }, () => {
  load({ path: 'a.csv' })
  load({ path: 'a.csv', rows: 3, mode: 'safe' })
  load({ path: 'a.csv', rows: undefined })
  notify()
  notify({})
  // @ts-expect-error a required input is missing
  load({})
  // @ts-expect-error the argument itself is missing
  load()
  // @ts-expect-error an unknown input
  load({ path: 'a.csv', column: 'x' })
  // @ts-expect-error a number where a string is wanted
  load({ path: 3 })
  // @ts-expect-error a string where a number is wanted
  load({ path: 'a', rows: '3' })
  // @ts-expect-error not one of the literals
  load({ path: 'a', mode: 'slow' })
  // @ts-expect-error a constant where an artifact is wanted
  train({ data: 'file.csv' })
})

definePipeline({ name: 'outputs' }, () => {
  const data = load({ path: 'a.csv' })
  const trained = train({ data: data.output, trees: 10 })
  train({ data: data.outputs.data, options: { depth: count({ n: 1 }).output } })
  use({ model: trained.outputs.model })
  show({ any: trained.outputs.model })
  // @ts-expect-error a Model where a Dataset is wanted
  train({ data: trained.outputs.model })
  // @ts-expect-error a Dataset where a Model is wanted
  use({ model: data.output })
  // @ts-expect-error a parameter where an artifact is wanted
  use({ model: trained.outputs.accuracy })
  // @ts-expect-error an artifact where a parameter is wanted
  count({ n: trained.outputs.model })
  // @ts-expect-error a string output where a number is wanted
  count({ n: trained.outputs.name })
  // @ts-expect-error a number output where a string is wanted
  say({ words: trained.outputs.accuracy })
  // @ts-expect-error an output that does not exist
  use({ model: trained.outputs.modell })
  // @ts-expect-error several outputs: there is no single one
  use({ model: trained.output })
  // @ts-expect-error a component without outputs has none
  say({ words: use({ model: trained.outputs.model }).output })
  // @ts-expect-error the task itself is no value
  use({ model: trained })
  // @ts-expect-error an unknown field of a struct
  train({ data: data.output, options: { deep: 3 } })
  say({ words: text`accuracy ${trained.outputs.accuracy}` })
  // @ts-expect-error an artifact in a text
  say({ words: text`model ${trained.outputs.model}` })
})

definePipeline({ name: 'imports' }, () => {
  const data = importer({ uri: 's3://bucket/a', type: t.dataset() }).output
  train({ data })
  // @ts-expect-error an imported Dataset is no Model
  use({ model: data })
  const anything = importer({ uri: 's3://bucket/a', type: t.artifact() }).output
  use({ model: anything })
})

definePipeline(
  { name: 'pipeline-inputs', inputs: { n: t.integer({ default: 1 }), words: t.string(), data: t.dataset() } },
  ({ n, words, data }) => {
    count({ n })
    say({ words })
    train({ data })
    // @ts-expect-error an integer input is no string
    say({ words: n })
    // @ts-expect-error a Dataset input is no Model
    use({ model: data })
  },
)

const inner = definePipeline(
  { name: 'inner', inputs: { n: t.integer(), scale: t.number({ default: 1 }) } },
  ({ n }) => {
    const counted = count({ n })
    return { total: counted.output }
  },
)
definePipeline({ name: 'outer' }, () => {
  count({ n: inner({ n: 3 }).outputs.total })
  count({ n: inner({ n: 3 }).output })
  // @ts-expect-error the nested pipeline needs n
  inner({})
  // @ts-expect-error its output is a number
  say({ words: inner({ n: 3 }).outputs.total })
  // @ts-expect-error it has no such output
  inner({ n: 3 }).outputs.sum.toString()
})

const lenient = definePipeline(
  {
    name: 'lenient',
    inputs: { path: t.string({ default: 'a' }), rows: t.optional(t.integer()), model: t.optional(t.model()) },
  },
  ({ path, rows }) => {
    load({ path, rows })
  },
)
definePipeline(
  {
    name: 'optional-inputs',
    inputs: {
      rows: t.optional(t.integer()),
      path: t.optional(t.string()),
      model: t.optional(t.model()),
      models: t.optional(t.list(t.model())),
    },
  },
  ({ rows, path, model, models }) => {
    const { data } = load({ path: 'a', rows }).outputs
    train({ data, trees: rows })
    lenient({ path, rows, model })
    lenient({ model: train({ data }).outputs.model })
    // @ts-expect-error an optional text where an input needs one
    load({ path })
    // @ts-expect-error an optional text where a number may be given
    lenient({ rows: path })
    // @ts-expect-error an optional Model where an input needs one
    use({ model })
    // @ts-expect-error an optional Model where an input needs any artifact
    show({ any: model })
    // @ts-expect-error an optional list where an input needs one
    merge({ models })
    return { model }
  },
)

definePipeline({ name: 'conditions' }, () => {
  const n = count({ n: 1 }).output
  const word = say({ words: 'a' }).output
  If(greaterThan(n, 3), () => {})
  If(not(equals(word, 'a')), () => {})
  isIn(word, ['a', 'b'])
  // @ts-expect-error a number is compared with a text
  equals(n, 'a')
  // @ts-expect-error a text is compared with a number
  greaterThan(word, 3)
  // @ts-expect-error one choice has another type
  isIn(word, ['a', 3])
  // @ts-expect-error a reference is no condition
  If(n, () => {})
  // @ts-expect-error JavaScript's comparison is no condition
  If(n === 3, () => {})
})

definePipeline({ name: 'branches' }, () => {
  const word = say({ words: 'a' }).output
  const [a, b] = If(equals(word, 'a'), () => say({ words: 'x' })).Else(() => say({ words: 'y' })).results
  say({ words: oneOf(a.output, b.output) })
  const [c, d] = If(equals(word, 'a'), () => say({ words: 'x' })).Else(() => count({ n: 1 })).results
  // @ts-expect-error a text and a number
  oneOf(c.output, d.output)
  const [e, f] = If(equals(word, 'a'), () => load({ path: '' })).Else(() =>
    train({ data: load({ path: '' }).output }),
  ).results
  // @ts-expect-error a Dataset and a Model
  oneOf(e.output, f.outputs.model)
  // @ts-expect-error one choice is none
  oneOf(a.output)
})

definePipeline({ name: 'loops' }, () => {
  const { numbers, records } = list().outputs
  parallelFor(numbers, (n) => count({ n }))
  parallelFor([1, 2], (n) => count({ n }))
  parallelFor(['a'], (words) => say({ words }))
  parallelFor([{ id: 'a', n: 1 }], (item) => {
    say({ words: item.field('id') })
    // @ts-expect-error that field is a number
    say({ words: item.field('n') })
  })
  parallelFor(records, (record) => {
    say({ words: record.field('id') })
    // @ts-expect-error an unknown field
    say({ words: record.field('name') })
  })
  // @ts-expect-error the items are numbers
  parallelFor(numbers, (n) => say({ words: n }))
  // @ts-expect-error one number is no list
  parallelFor(count({ n: 1 }).output, () => {})
  const counted = parallelFor(numbers, (n) => count({ n }))
  sum({ numbers: collected(counted.output) })
  // @ts-expect-error one value where a list is wanted
  sum({ numbers: counted.output })
  const trained = parallelFor([1, 2], (trees) => train({ data: load({ path: '' }).output, trees }))
  merge({ models: collected(trained.outputs.model) })
  // @ts-expect-error a list of artifacts where one is wanted
  use({ model: collected(trained.outputs.model) })
  // @ts-expect-error one artifact where a list is wanted
  merge({ models: trained.outputs.model })
})

definePipeline({ name: 'waits', inputs: { url: t.string(), count: t.integer() } }, ({ url, count: limit }) => {
  const ready = waitFor.http({ url, until: 'json.ready', timeoutSeconds: limit, status: [200] })
  count({ n: ready.outputs.status })
  say({ words: ready.outputs.body })
  const file = waitFor.object({ uri: url, type: t.dataset(), minBytes: limit })
  train({ data: file.outputs.artifact }).after(ready, waitFor.time({ at: ready.outputs.body }))
  count({ n: waitFor.alias({ model: 'm', alias: 'a', changedFrom: limit }).outputs.version })
  waitFor.run({ run: url, state: 'FAILED', onTimeout: 'skip' })
  // @ts-expect-error a wait for an HTTP answer needs an address
  waitFor.http({})
  // @ts-expect-error a number where text is wanted
  waitFor.http({ url: limit })
  // @ts-expect-error no such method
  waitFor.http({ url, method: 'PUT' })
  // @ts-expect-error no such end of a run
  waitFor.run({ run: url, state: 'RUNNING' })
  // @ts-expect-error neither failing nor skipping
  waitFor.time({ afterSeconds: 1, onTimeout: 'retry' })
  // @ts-expect-error the artifact is a dataset
  use({ model: file.outputs.artifact })
  // @ts-expect-error the status is a number
  say({ words: ready.outputs.status })
  // @ts-expect-error an output that it does not have
  ready.outputs.size
})
