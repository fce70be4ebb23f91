/** Runs Python scripts of this folder in the environment with scikit-learn. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment, SCIKIT_LEARN } from '../../python-environment.ts'

/** Runs a script with `input` as JSON on its stdin. @returns the JSON that it prints. */
export async function runPython(script: string, args: readonly string[], input?: unknown): Promise<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const python = join(await pythonEnvironment(SCIKIT_LEARN), 'bin/python')
  const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input === undefined ? '' : JSON.stringify(input))
  return json(child.stdout)
}
