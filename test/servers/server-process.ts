/** A server as a process of its own (serve-process.ts), to kill or to measure. It ends with the test that started it at the latest. */
import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

const PROGRAM = new URL('./serve-process.ts', import.meta.url).pathname

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  kill(): Promise<void>
}

export async function startServerProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const server = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const kill = async () => {
    server.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => resolve(text.toString().trim()))
    server.once('exit', () => reject(new Error('the server ended before it listened')))
  })
  return { url, pid: server.pid!, kill }
}
