/** Files that are whole or absent, also after a kill or a power cut. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes beside the target, syncs, renames over it. Makes missing parent folders.
 *
 * @param durable false where losing the file in a power cut costs little: no sync
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, durable = true): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(draft, 'wx')
    try {
      await file.writeFile(content)
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
