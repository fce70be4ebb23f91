/**
 * A lock file that dies with its process: nobody has to remove it after a kill.
 *
 * A dead holder's file is never removed, since whoever does that may have looked too early and remove the file of the next
 * holder. It is stepped over instead: after `lock` comes `lock.1`, and so on. The lock is with the first file whose process
 * lives, and only who found all files before dead can make the next one.
 */
import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { isMissing } from './digest.ts'
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts'

export interface Lock {
  /** Again does nothing: the lock may be somebody else's by then. */
  readonly release: () => Promise<void>
}

/**
 * Takes the lock at `path` (its folder exists), or tells who holds it.
 *
 * @returns the lock, or the living process that holds it
 */
export async function tryLock(path: string): Promise<Lock | { readonly heldBy: ProcessIdentity }> {
  // Several runs of one process may want the same lock: its number is not enough.
  const draft = `${path}.${process.pid}-${randomBytes(6).toString('hex')}`
  await writeFile(draft, JSON.stringify(identityOf(process.pid)))
  try {
    for (let dead = 0; ; ) {
      const file = fileAfter(path, dead)
      if (await linkUnlessThere(draft, file)) return lockOf(file)
      const found = await readHolder(file)
      if (found === 'dead') dead += 1
      else if (found !== 'nobody') return { heldBy: found }
    }
  } finally {
    await rm(draft, { force: true })
  }
}

function lockOf(file: string): Lock {
  let released: Promise<void> | undefined
  return { release: () => (released ??= rm(file, { force: true })) }
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
  for (let dead = 0; ; dead += 1) {
    const found = await readHolder(fileAfter(path, dead))
    if (found === 'nobody') return undefined
    if (found !== 'dead') return found
  }
}

const fileAfter = (path: string, dead: number): string => (dead === 0 ? path : `${path}.${dead}`)

/** A file without content is of a machine that lost its power. */
async function readHolder(file: string): Promise<ProcessIdentity | 'dead' | 'nobody'> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity
    return isAlive(holder) ? holder : 'dead'
  } catch (error) {
    if (isMissing(error)) return 'nobody'
    if (error instanceof SyntaxError) return 'dead'
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
