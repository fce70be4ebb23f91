/** A Python environment with the KFP SDK, made once and cached outside the checkout; each user gets a copy. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
export const KFP_VERSION = '2.17.0'

let made: Promise<string> | undefined

/**
 * Copies the environment into `target/venv`: components run `pip install` inside it and may change it.
 *
 * @returns path of the copy
 */
export async function freshOracleEnvironment(target: string): Promise<string> {
  made ??= makeEnvironment()
  const copy = join(target, 'venv')
  // Hard links where they can be made: pip and Python replace files, they never write into them.
  const linked = await run('cp', ['-al', await made, copy]).then(
    () => true,
    () => false,
  )
  if (!linked) await cp(await made, copy, { recursive: true, verbatimSymlinks: true, force: true })
  return copy
}

/** Several processes may do this at once: each builds its own, the first to finish wins. */
async function makeEnvironment(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'venvs')
  const cached = join(cache, `oracle-kfp-${KFP_VERSION}`)
  if (existsSync(cached)) return cached
  await mkdir(cache, { recursive: true })
  const building = `${cached}.${process.pid}`
  await run('python3', ['-m', 'venv', '--copies', building])
  await run(join(building, 'bin/python'), ['-m', 'pip', 'install', '-q', `kfp==${KFP_VERSION}`], {
    maxBuffer: 64 << 20,
  })
  await rename(building, cached).catch(() => rm(building, { recursive: true, force: true }))
  return cached
}
