/** Reads what a step may or may not have left. Used where outputs are collected: local/collect.ts, launcher/publish.ts. */
import { readFile } from 'node:fs/promises'
import { isMissing } from './digest.ts'

/** Text of a file; undefined when there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
