/**
 * What `kfp-ts` is inside a step: definitions are kept so that the wanted component is found. Everything else does nothing while the
 * author's files are loaded, and says that it is not there when a step uses it.
 */
import * as dsl from '../../dsl/index.ts'

/** CommonJS, so that every name is there: those of the dsl for packages, any for the author's own files. */
export const STUB = `
const registry = []
let isRunning = false
const refuse = (name) => {
  if (isRunning) throw new Error('"' + name + '" of kfp-ts is not there while a step runs: a step has its inputs, its outputs and what it imports from other packages and from kfp-ts/components')
}
const absent = (name, known = {}) => new Proxy(function () {}, {
  get: (_, key) => {
    if (Object.hasOwn(known, key)) return known[key]
    if (key === 'then') return undefined
    if (key === Symbol.toPrimitive) return () => (refuse(name), '')
    return absent(name + '.' + String(key))
  },
  apply: () => (refuse(name), absent(name + '()')),
  construct: () => (refuse(name), absent(name)),
})
const keep = (name, run, { inputs = {}, outputs = {} } = {}) => {
  registry.push({ name, run })
  return absent(name, { run, inputs, outputs })
}
const known = {
  registry,
  begin: () => { isRunning = true },
  t: new Proxy({}, { get: (_, kind) => (...args) => absent('t.' + kind, { default: undefined, defaultValue: args.at(-1)?.default }) }),
  defineComponent: (options) => keep(options.name ?? options.run?.name, options.run, options),
  component: (options) => (value, context) => {
    if (context.kind === 'method') keep(options?.name ?? String(context.name), value)
    else keep(options?.name ?? context.name, (...args) => new value().run(...args))
    return context.kind === 'method' ? undefined : value
  },
  pipeline: () => () => undefined,
}
for (const name of ${JSON.stringify(Object.keys(dsl))}) known[name] ??= absent(name)
module.exports = new Proxy(known, { get: (_, key) => (key === '__esModule' ? false : (known[key] ?? absent(String(key)))) })
`
