/** The loaders that touch the world: files and URLs. Everything else of the dsl is pure. */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidInputError } from '../../api/issue.ts'
import { loadComponentFromText } from '../load/component-text.ts'
import type { LoadedComponent } from '../load/loaded.ts'
import { type CallSite, here, locationOf } from '../location.ts'
import { makeIssue } from '../scope.ts'

/** Larger component files are taken for a mistake. */
const MAX_DOWNLOAD_BYTES = 50 * 1024 * 1024
const DOWNLOAD_TIMEOUT_MILLIS = 30_000

/**
 * Loads a component from a YAML file: component.yaml or a compiled pipeline.
 *
 * @param path absolute, a file: URL, or relative to the file that calls (where it is not there: to the current folder)
 * @throws InvalidInputError when the file is missing or wrong
 * @example const train = loadComponentFromFile('train_component.yaml')
 */
export function loadComponentFromFile(path: string | URL): LoadedComponent {
  const site = here()
  const given = path instanceof URL || path.startsWith('file:') ? fileURLToPath(path) : path
  const tried = candidates(given, site)
  for (const file of tried) {
    const text = readIfThere(file, site)
    if (text !== undefined) return loadComponentFromText(text, { file })
  }
  throw new InvalidInputError([
    makeIssue({
      code: 'no-such-file',
      message: `there is no component file "${given}"`,
      hint: `looked for ${tried.join(' and ')}`,
      site,
    }),
  ])
}

function candidates(path: string, site: CallSite): readonly string[] {
  if (isAbsolute(path)) return [path]
  const author = locationOf(site)?.file
  const beside = author ? [resolve(dirname(author), path)] : []
  return [...new Set([...beside, resolve(path)])]
}

function readIfThere(file: string, site: CallSite): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new InvalidInputError([
      makeIssue({
        code: 'unreadable-file',
        message: `the component file ${file} cannot be read: ${code}`,
        hint: 'name a readable YAML file',
        site,
      }),
    ])
  }
}

/**
 * Loads a component from an http(s) URL.
 *
 * @throws InvalidInputError when it cannot be fetched (30 s, 50 MB) or is wrong
 * @example const train = await loadComponentFromUrl('https://example.org/train.yaml')
 */
export async function loadComponentFromUrl(url: string | URL): Promise<LoadedComponent> {
  const site = here()
  const text = await fetchText(String(url)).catch((error: unknown) => {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)
    throw new InvalidInputError([
      makeIssue({
        code: 'download-failed',
        message: `the component ${url} cannot be fetched: ${reason}`,
        hint: 'check the address and the network',
        site,
      }),
    ])
  })
  return loadComponentFromText(text, { file: String(url) })
}

async function fetchText(url: string): Promise<string> {
  if (!/^https?:\/\//.test(url)) throw new Error('this is no http or https address')
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MILLIS), redirect: 'follow' })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > MAX_DOWNLOAD_BYTES) throw new Error(`it is larger than ${MAX_DOWNLOAD_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
