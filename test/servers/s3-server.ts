/** A real S3 server for tests: versitygw over a temporary folder, built from its Go module when not there yet. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { S3Settings } from '../../store/s3-store.ts'
import { freePort } from '../free-port.ts'

export interface S3Server {
  readonly settings: S3Settings & { readonly endpoint: string }
  readonly bucket: string
  /** The credentials as the SDK finds them in an environment. */
  readonly keys: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }
  readonly stop: () => Promise<void>
}

/** On loopback, or on an address that pods of the test cluster reach. */
export async function startS3Server(host = '127.0.0.1'): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-s3-'))
  const bucket = 'artifacts'
  mkdirSync(join(folder, 'data', bucket), { recursive: true })
  mkdirSync(join(folder, 'meta'))
  const port = await freePort(host)
  const credentials = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' }
  const gateway = ['posix', '--sidecar', join(folder, 'meta'), join(folder, 'data')]
  const server = spawn(binary(), ['--port', `${host}:${port}`, '--quiet', ...gateway], {
    env: { ...process.env, ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    stdio: 'ignore',
  })
  const endpoint = `http://${host}:${port}`
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async () => {
    server.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  await answers(endpoint, server).catch(async (error) => {
    await stop()
    throw error
  })
  return {
    settings: { endpoint, credentials, region: 'us-east-1' },
    bucket,
    keys: { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    stop,
  }
}

function binary(): string {
  const cache = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'kfp-ts',
    'cluster',
    'bin',
    'versitygw',
  )
  if (!existsSync(cache)) {
    execFileSync(resolve(import.meta.dirname, '../cluster/build-binaries.sh'), ['versitygw'], { stdio: 'inherit' })
  }
  return cache
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600 && server.exitCode === null; attempt++) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`${url} does not answer`)
}
