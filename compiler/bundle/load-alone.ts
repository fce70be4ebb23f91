/** Loads the bundle of a component in a process of its own, as its step will, and tells how many components it finds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import pLimit from 'p-limit'

export interface LoadedAlone {
  /** Undefined when the bundle threw. */
  readonly found?: number
  readonly error?: string
}

/** Each is a process with a Node. */
const atOnce = pLimit(availableParallelism())

export function loadAlone(code: Uint8Array): Promise<LoadedAlone> {
  return atOnce(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-check-'))
    try {
      const file = join(folder, 'component.mjs')
      await writeFile(file, code)
      return await countFound(file)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** Authors' files may print, so the answer comes through a channel of its own; they may also leave timers behind. */
async function countFound(file: string): Promise<LoadedAlone> {
  const script = `import(${JSON.stringify(pathToFileURL(file).href)}).then(
  ({ found }) => process.send({ found: found.length }, () => process.exit()),
  (error) => process.send({ error: String(error) }, () => process.exit()))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let answer: LoadedAlone | undefined
  child.on('message', (message) => {
    answer = message as LoadedAlone
  })
  const [stderr] = await Promise.all([text(child.stderr!), once(child, 'close')])
  return answer ?? { error: stderr.trim() || 'it ended the process' }
}
