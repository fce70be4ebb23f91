/** Copies of the Python environment with the KFP SDK. */
import { execFile } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KFP_2, pythonEnvironment, renameInScripts } from '../python-environment.ts'

const run = promisify(execFile)

/**
 * Copies the environment into `target/venv`: components run `pip install` inside it and may change it.
 *
 * @returns path of the copy
 */
export async function freshOracleEnvironment(target: string): Promise<string> {
  const made = await pythonEnvironment(KFP_2)
  const copy = join(target, 'venv')
  // Hard links where they can be made: pip and Python replace files, they never write into them.
  const linked = await run('cp', ['-al', made, copy]).then(
    () => true,
    () => false,
  )
  if (!linked) await cp(made, copy, { recursive: true, verbatimSymlinks: true, force: true })
  await renameInScripts(made, copy, copy)
  return copy
}
