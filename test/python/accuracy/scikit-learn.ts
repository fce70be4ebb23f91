/** Runs Python scripts of this folder in a cached virtual environment with scikit-learn. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const VERSION = '1.7.2'

/** Python with scikit-learn; made on the first call, which needs the package index. */
export function scikitLearnPython(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kfp-ts')
  const ready = join(cache, `scikit-learn-${VERSION}`, 'ready')
  const folder = join(cache, `scikit-learn-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  if (existsSync(ready)) return python
  mkdirSync(cache, { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `scikit-learn==${VERSION}`], { stdio: 'inherit' })
  // The mark comes last: an installation that was interrupted starts afresh.
  mkdirSync(`${ready}.part`)
  renameSync(`${ready}.part`, ready)
  return python
}

/** Runs a script with `input` as JSON on its stdin. @returns the JSON that it prints. */
export async function runPython(script: string, args: readonly string[], input?: unknown): Promise<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(scikitLearnPython(), [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input === undefined ? '' : JSON.stringify(input))
  return json(child.stdout)
}
