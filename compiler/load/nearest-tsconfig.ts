/** Finds the tsconfig.json that holds for a folder, as tsc and editors do. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Tsconfig {
  readonly path: string
  readonly text: string
}

export async function nearestTsconfig(folder: string): Promise<Tsconfig | undefined> {
  const path = join(folder, 'tsconfig.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) return { path, text }
  const parent = dirname(folder)
  return parent === folder ? undefined : nearestTsconfig(parent)
}
