/** How an author's imports are found: kfp-ts is our running copy, packages stay outside, YAML becomes a component. */
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

const EXTENSION = import.meta.filename.slice(import.meta.filename.lastIndexOf('.'))
/** Entry points by what stands after `kfp-ts/`. */
const ENTRIES: Readonly<Record<string, string>> = {
  '': 'dsl/index',
  api: 'api/index',
  compiler: 'compiler/index',
  client: 'client/index',
  components: 'components/index',
  testing: 'local/testing/index',
}

export function entryUrl(name: string): string | undefined {
  const entry = Object.hasOwn(ENTRIES, name) ? ENTRIES[name] : undefined
  return entry === undefined ? undefined : new URL(`../../${entry}${EXTENSION}`, import.meta.url).href
}

export function loaderPlugin(): Plugin {
  return {
    name: 'kfp-ts-loader',
    setup(setup) {
      setup.onResolve({ filter: /^kfp-ts($|\/)/ }, ({ path }) => {
        const url = entryUrl(path.slice('kfp-ts/'.length))
        return url ? { path: url, external: true } : { errors: [{ text: `kfp-ts has no entry "${path}"` }] }
      })
      setup.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
        if (kind === 'entry-point' || path.startsWith('node:') || pluginData === 'kfp-ts-loader') return undefined
        const found = await setup.resolve(path, { resolveDir, kind, pluginData: 'kfp-ts-loader' })
        if (found.errors.length > 0 || found.external || !found.path.includes('/node_modules/')) return found
        return { path: pathToFileURL(found.path).href, external: true }
      })
      setup.onLoad({ filter: /\.ya?ml$/ }, ({ path }) => ({
        contents: `import { loadComponentFromFile } from 'kfp-ts'\nexport default loadComponentFromFile(${JSON.stringify(path)})\n`,
        loader: 'js',
        resolveDir: dirname(path),
      }))
    },
  }
}
