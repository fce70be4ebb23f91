/** Servers of tests that pods and operators reach: an S3 server with its Secret, and Postgres, on the bridge's address. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { startPostgres, type TestPostgres } from '../../servers/postgres.ts'
import { type S3Server, startS3Server } from '../../servers/s3-server.ts'
import { kube, type Place, ROOT, SECRETS, STATE } from './cluster.ts'

/** Address of this machine that pods reach. */
export const hostAddress = (): string => readFileSync(join(STATE, 'host-address'), 'utf8').trim()

/** On kind the parts of the cluster are not ours to stop, and further nodes not ours to add. */
export const isKind = spawnSync('docker', ['info']).status === 0

/** Output of a script of test/cluster/; throws with its messages when it fails. */
export function script(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'test/cluster', name), args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export interface ObjectStore extends S3Server {
  /** Where this place's artifacts lie. */
  readonly root: string
  /** Options of an operator that uses it. */
  readonly operatorArguments: readonly string[]
  /** Environment of an operator that uses it. */
  readonly operatorEnvironment: Readonly<Record<string, string>>
}

/** An S3 server whose credentials lie in the place's Secret `s3`, and the launcher's image in the cluster. */
export async function startObjectStore(place: Place): Promise<ObjectStore> {
  script('launcher-image.sh')
  const server = await startS3Server(hostAddress())
  const { endpoint, credentials } = server.settings
  const keys = {
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
  }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's3' }, stringData: keys } as KubeObject
  await kube.create(SECRETS, place.namespace, secret)
  const root = `s3://${server.bucket}/kfp`
  return {
    ...server,
    root,
    operatorArguments: [
      ...['--object-store', root, '--s3-endpoint', endpoint, '--s3-secret', 's3'],
      ...['--launcher-image', 'kfp-ts-launcher:test', '--launcher-command', 'node /app/launcher.mjs'],
    ],
    operatorEnvironment: keys,
  }
}

/** A Postgres that in-cluster operators reach as well. */
export async function startClusterPostgres(): Promise<TestPostgres> {
  const host = hostAddress()
  return await startPostgres(['fsync=off'], { host, network: host.replace(/\.\d+\.\d+$/, '.0.0/16') })
}
