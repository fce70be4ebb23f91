/** Starts `kfp-ts serve` and `kfp-ts serve-model` as a user would, each as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../bin/kfp-ts.js', import.meta.url))

export interface Started {
  readonly url: string
  stop(): Promise<void>
}

/** Resolves with the address that the command prints when it listens. */
export async function startCommand(args: readonly string[], cwd = process.cwd()): Promise<Started> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await addressOf(child)
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout!.on('data', (text: Buffer) => {
      said += text.toString()
      const url = /at (http:\/\/\S+)/.exec(said)?.[1]
      if (url) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`the command ended with ${code} before it listened`)))
  })
}
