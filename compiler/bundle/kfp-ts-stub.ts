/** What `kfp-ts` is inside a step: definitions are kept so that the wanted component is found, everything else does nothing. */
import * as dsl from '../../dsl/index.ts'

/** CommonJS, so that every name is there: those of the dsl for packages, any for the author's own files. */
export const STUB = `
const registry = []
const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === 'then' ? undefined : key === Symbol.toPrimitive ? () => '' : nothing),
  apply: () => nothing,
  construct: () => nothing,
})
const keep = (name, run) => {
  registry.push({ name, run })
  return Object.assign((...args) => nothing, { run })
}
const known = {
  registry,
  defineComponent: (options) => keep(options.name ?? options.run?.name, options.run),
  component: (options) => (value, context) => {
    if (context.kind === 'method') keep(options?.name ?? String(context.name), value)
    else keep(options?.name ?? context.name, (...args) => new value().run(...args))
    return context.kind === 'method' ? undefined : value
  },
  pipeline: () => () => undefined,
}
for (const name of ${JSON.stringify(Object.keys(dsl))}) known[name] ??= nothing
module.exports = new Proxy(known, { get: (_, key) => (key === '__esModule' ? false : (known[key] ?? nothing)) })
`
