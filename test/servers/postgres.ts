/** Starts a Postgres of its own for a test: a new cluster in a temporary directory on a free port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../free-port.ts'

export interface TestPostgres {
  /** `postgres://…` of a fresh, empty database. */
  readonly url: string
  /** Ends it as a crash would and starts it again on the same data after so long. */
  restart(downMillis: number): Promise<void>
  stop(): Promise<void>
}

/** Debian's server, installed when it is missing (the machine may be new); by one process, since apt allows only one. */
export function serverPrograms(): string {
  const root = '/usr/lib/postgresql'
  const install = `[ -d ${root} ] || { apt-get update -q && apt-get install -y -q postgresql; }`
  // Also when the folder is there: another process may be about to fill it.
  execFileSync('flock', [join(tmpdir(), 'kfp-ts-postgres.lock'), 'sh', '-c', install], {
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const newest = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0]
  return join(root, newest!, 'bin')
}

/** Where others than this machine's processes reach it: an address of this machine, and the network they come from. */
export interface Reach {
  readonly host: string
  readonly network: string
}

/** Ends when the server accepts a query. `settings` are postgresql.conf lines such as `fsync=off`. */
export async function startPostgres(settings: readonly string[] = [], reach?: Reach): Promise<TestPostgres> {
  const programs = serverPrograms()
  const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-pg-'))
  chmodSync(directory, 0o755)
  const data = join(directory, 'data')
  const asPostgres = (program: string, args: string[]) => ['-u', 'postgres', '--', join(programs, program), ...args]
  execFileSync('chown', ['postgres', directory])
  const initdb = asPostgres('initdb', ['-D', data, '-A', 'trust', '-U', 'kfpts', '--no-sync', '-E', 'UTF8'])
  execFileSync('runuser', initdb, { stdio: 'ignore', cwd: directory })
  const host = reach?.host ?? '127.0.0.1'
  if (reach) appendFileSync(join(data, 'pg_hba.conf'), `host all all ${reach.network} trust\n`)
  const port = await freePort(host)
  const options = [`listen_addresses=${host}`, 'unix_socket_directories=', ...settings].flatMap((s) => ['-c', s])
  const url = `postgres://kfpts@${host}:${port}/postgres`
  const start = async (): Promise<ChildProcess> => {
    const server = spawn('runuser', asPostgres('postgres', ['-D', data, '-p', String(port), ...options]), {
      stdio: 'ignore',
      cwd: directory,
    })
    await untilReady(url, server)
    return server
  }
  let server = await start()
  return {
    url,
    async restart(downMillis) {
      await stop(server, programs, data, directory)
      await new Promise((resolve) => setTimeout(resolve, downMillis))
      server = await start()
    },
    async stop() {
      await stop(server, programs, data, directory)
      rmSync(directory, { recursive: true, force: true })
    },
  }
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
}
