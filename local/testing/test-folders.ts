/** Where test runs keep their files: in one folder of the process, which goes when the process does. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let ofProcess: string | undefined
let made = 0

/** An empty folder that lasts as long as the process, so that a test may read what its run left. */
export function makeTestFolder(): string {
  ofProcess ??= makeFolderOfProcess()
  made += 1
  const folder = join(ofProcess, String(made))
  mkdirSync(folder)
  return folder
}

function makeFolderOfProcess(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-test-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  // Vitest ends its workers by this signal, which skips what is to be done at the exit. Others that listen decide what it does.
  process.once('SIGTERM', () => {
    remove()
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM')
  })
  return folder
}
