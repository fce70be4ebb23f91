/** Finds YAML components and works out the declarations that belong beside them. Reads; writing is the command's. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { loadComponentFromText } from '../../dsl/load/component-text.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { componentDeclaration, declarationName } from './component-types.ts'

export interface Neighbour {
  /** Absolute path of the YAML file. */
  readonly source: string
  /** Absolute path of the declaration. */
  readonly target: string
  readonly content: string
}

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.kfp-ts', '.cache'])

/**
 * Declarations for files, and for every component found below folders. A file that is named must be a component; in folders,
 * YAML files that are something else are passed over.
 *
 * @throws InvalidInputError with the problems of all files
 */
export async function yamlNeighbours(paths: readonly string[]): Promise<readonly Neighbour[]> {
  const neighbours: Neighbour[] = []
  const issues: InvalidInputError['issues'][number][] = []
  for (const path of paths) {
    const absolute = resolve(path)
    const info = await stat(absolute).catch(() => undefined)
    if (!info) {
      issues.push(
        makeIssue({
          code: 'no-such-file',
          message: 'there is no such file or folder',
          hint: 'check the path',
          location: { file: path },
        }),
      )
      continue
    }
    const files = info.isDirectory() ? await yamlFiles(absolute) : [absolute]
    for (const file of files) {
      const text = await readFile(file, 'utf8')
      if (info.isDirectory() && !looksLikeComponent(text)) continue
      try {
        neighbours.push(neighbourOf(file, text))
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error
        issues.push(...error.issues)
      }
    }
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
  return neighbours
}

function neighbourOf(file: string, text: string): Neighbour {
  const { model } = loadComponentFromText(text, { file })
  const name = basename(file)
  return {
    source: file,
    target: join(dirname(file), declarationName(name)),
    content: componentDeclaration(model, name),
  }
}

/** component.yaml, or a compiled pipeline; other YAML files of a project are none of our business. */
function looksLikeComponent(text: string): boolean {
  const isV1 = /^implementation\s*:/m.test(text) && /^\s+container\s*:/m.test(text)
  return isV1 || (/^schemaVersion\s*:/m.test(text) && /^pipelineInfo\s*:/m.test(text))
}

async function yamlFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const nested = await Promise.all(
    entries.map(async (entry): Promise<string[]> => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : yamlFiles(path)
      return entry.isFile() && /\.ya?ml$/.test(entry.name) ? [path] : []
    }),
  )
  return nested.flat().sort()
}
