/**
 * What `kfp-ts` is inside a step: definitions are kept so that the wanted component is found, everything else does nothing.
 * The text is CommonJS, so that an import of any name works.
 */
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
module.exports = new Proxy(known, { get: (_, key) => (key === '__esModule' ? true : (known[key] ?? nothing)) })
`
