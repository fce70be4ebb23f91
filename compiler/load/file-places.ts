/**
 * What `import.meta` tells of places, for authors' files that run bundled from another folder: each file that uses it gets names for
 * its own, and esbuild puts these in (it knows code from text and comments).
 */
import { readFile } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Loader, Plugin } from 'esbuild'

const NAMES = { url: '__kfpTsUrl', dirname: '__kfpTsDirname', filename: '__kfpTsFilename' }
const MODULE = 'kfp-ts-place:'

/** For the option `define`. */
export const PLACE_DEFINES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NAMES).map(([key, name]) => [`import.meta.${key}`, name]),
)

export function filePlacesPlugin(): Plugin {
  return {
    name: 'kfp-ts-file-places',
    setup(setup) {
      setup.onResolve({ filter: new RegExp(`^${MODULE}`) }, ({ path }) => ({ path, namespace: 'kfp-ts-place' }))
      setup.onLoad({ filter: /.*/, namespace: 'kfp-ts-place' }, ({ path }) => ({
        contents: placesOf(path.slice(MODULE.length)),
      }))
      setup.onLoad({ filter: /\.m?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        if (!/\bimport\s*\.\s*meta\b/.test(text)) return undefined
        // At the end, so that lines and columns stay; imports are there from the start all the same.
        const names = Object.entries(NAMES).map(([key, name]) => `${key} as ${name}`)
        const contents = `${text}\nimport { ${names.join(', ')} } from ${JSON.stringify(MODULE + path)}\n`
        return { contents, loader: extname(path).replace(/^\.m?/, '') as Loader, resolveDir: dirname(path) }
      })
    },
  }
}

function placesOf(file: string): string {
  const places = { url: pathToFileURL(file).href, dirname: dirname(file), filename: file }
  return Object.entries(places)
    .map(([key, value]) => `export const ${key} = ${JSON.stringify(value)}\n`)
    .join('')
}
