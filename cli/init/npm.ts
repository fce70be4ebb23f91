/** Runs npm with its output on stderr, so that stdout stays the command's own. */
import { spawn } from 'node:child_process'

/** @returns npm's exit status; rejects when there is no npm. */
export function runNpm(folder: string, args: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] })
    child.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ENOENT' ? new Error('there is no npm on this machine: install Node with npm') : error),
    )
    child.on('close', (code) => done(code ?? 1))
  })
}
