/** The virtual environment with PyPI's kfp that measurements compare with; the differential test uses the same. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const KFP_VERSION = '2.17.0'

/** @returns the environment's `bin` folder */
export async function kfpEnvironment(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'venvs')
  const cached = join(cache, `oracle-kfp-${KFP_VERSION}`)
  if (!existsSync(cached)) {
    await mkdir(cache, { recursive: true })
    const building = `${cached}.${process.pid}`
    execFileSync('python3', ['-m', 'venv', '--copies', building])
    execFileSync(join(building, 'bin/python'), ['-m', 'pip', 'install', '-q', `kfp==${KFP_VERSION}`], {
      stdio: 'inherit',
    })
    await rename(building, cached).catch(() => rm(building, { recursive: true, force: true }))
  }
  return join(cached, 'bin')
}
