/** The type tests under the oldest TypeScript that we support. It comes from the registry, into a folder outside of the checkout. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const OLDEST = '5.8.3'

test(`TypeScript ${OLDEST} gives the same verdicts`, async () => {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', `typescript-${OLDEST}`)
  const tsc = join(cache, 'node_modules/typescript/bin/tsc')
  if (!existsSync(tsc)) {
    await mkdir(dirname(cache), { recursive: true })
    // Under its name only when it is whole.
    const fresh = await mkdtemp(`${cache}-new-`)
    await run('npm', ['install', '--prefix', fresh, '--no-audit', '--no-fund', `typescript@${OLDEST}`])
    await rm(cache, { recursive: true, force: true })
    await rename(fresh, cache)
  }
  const complaints = await run(process.execPath, [tsc, '-p', resolve(import.meta.dirname, '../types')]).then(
    () => undefined,
    ({ stdout, message }: { stdout: string; message: string }) => stdout || message,
  )
  expect(complaints).toBeUndefined()
})
