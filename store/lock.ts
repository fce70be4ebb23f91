/** A lock file that dies with its process: nobody has to remove it after a kill. */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { isMissing } from './digest.ts'
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts'

export interface Lock {
  readonly release: () => Promise<void>
}

/**
 * Takes the lock at `path` (its folder exists), or tells who holds it.
 *
 * @returns the lock, or the living process that holds it
 */
export async function tryLock(path: string): Promise<Lock | { readonly heldBy: ProcessIdentity }> {
  const draft = `${path}.${process.pid}`
  await writeFile(draft, JSON.stringify(identityOf(process.pid)))
  try {
    for (;;) {
      if (await linkUnlessThere(draft, path)) return { release: () => rm(path, { force: true }) }
      const holder = await lockHolder(path)
      if (holder) return { heldBy: holder }
      await rm(path, { force: true })
    }
  } finally {
    await rm(draft, { force: true })
  }
}

const POLL_MILLIS = 200

/** Waits until the lock is free. Rejects with the signal's reason when it is aborted meanwhile. */
export async function waitForLock(path: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted()
    const lock = await tryLock(path)
    if ('release' in lock) return lock
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS))
  }
}

/** The living process that holds the lock, if any. */
export async function lockHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity
    return isAlive(holder) ? holder : undefined
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** link(2) fails when the name exists: the file appears with its content or not at all. */
async function linkUnlessThere(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
