/** The version that compiled documents name. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

let cached: string | undefined

/** `kfp-ts-<version of this package>`. */
export function sdkVersion(): string {
  cached ??= `kfp-ts-${versionAbove(import.meta.dirname)}`
  return cached
}

/** package.json stands one folder up in the sources and two in the built package. */
function versionAbove(folder: string): string {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>
    if (name === 'kfp-ts' && version) return version
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const parent = dirname(folder)
  if (parent === folder) throw new Error('package.json of kfp-ts is missing')
  return versionAbove(parent)
}
