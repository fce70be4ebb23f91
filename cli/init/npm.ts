/** Runs npm with its messages on stderr, so that stdout stays the command's own. */
import { spawn } from 'node:child_process'

/**
 * @param options.quiet leave out what npm prints as its result, such as the name of a packed file
 * @returns npm's exit status; rejects when there is no npm
 */
export function runNpm(folder: string, args: readonly string[], options: { quiet?: boolean } = {}): Promise<number> {
  const stdout = options.quiet ? 'ignore' : process.stderr
  return new Promise((done, fail) => {
    const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', stdout, process.stderr] })
    child.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ENOENT' ? new Error('there is no npm on this machine: install Node with npm') : error),
    )
    child.on('close', (code) => done(code ?? 1))
  })
}
