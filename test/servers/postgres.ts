/** Starts a Postgres of its own for a test: a new cluster in a temporary directory on a free loopback port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export interface TestPostgres {
  /** `postgres://…` of a fresh, empty database. */
  readonly url: string
  stop(): Promise<void>
}

/** Debian's server, installed when it is missing (the machine may be new). */
function serverPrograms(): string {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-q', 'postgresql'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  const newest = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0]
  return join(root, newest!, 'bin')
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Ends when the server accepts a query. `settings` are postgresql.conf lines such as `fsync=off`. */
export async function startPostgres(settings: readonly string[] = []): Promise<TestPostgres> {
  const programs = serverPrograms()
  const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-pg-'))
  chmodSync(directory, 0o755)
  const data = join(directory, 'data')
  const asPostgres = (program: string, args: string[]) => ['-u', 'postgres', '--', join(programs, program), ...args]
  execFileSync('chown', ['postgres', directory])
  const initdb = asPostgres('initdb', ['-D', data, '-A', 'trust', '-U', 'kfpts', '--no-sync', '-E', 'UTF8'])
  execFileSync('runuser', initdb, { stdio: 'ignore', cwd: directory })
  const port = await freePort()
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings].flatMap((s) => ['-c', s])
  const server = spawn('runuser', asPostgres('postgres', ['-D', data, '-p', String(port), ...options]), {
    stdio: 'ignore',
    cwd: directory,
  })
  const url = `postgres://kfpts@127.0.0.1:${port}/postgres`
  await untilReady(url, server)
  return { url, stop: () => stop(server, programs, data, directory) }
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function stop(server: ChildProcess, programs: string, data: string, directory: string): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  execFileSync('runuser', ['-u', 'postgres', '--', join(programs, 'pg_ctl'), 'stop', '-D', data, '-m', 'immediate'], {
    stdio: 'ignore',
    cwd: directory,
  })
  if (server.exitCode === null) await ended
  rmSync(directory, { recursive: true, force: true })
}
