/** What tests of the server share. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Access } from '../access.ts'
import { type RunningServer, type ServeOptions, serve } from '../start.ts'

/** A server over a database in memory; its folder goes when it closes. */
export async function serveSmall(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'kfp-ts-server-'))
  const server = await serve({ dataDirectory, database: ':memory:', port: 0, ...options })
  return {
    ...server,
    async close() {
      await server.close()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** A pipeline without tasks. */
export const EMPTY_PIPELINE = {
  pipelineInfo: { name: 'p' },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.14.3',
  components: {},
  deploymentSpec: { executors: {} },
  root: { dag: { tasks: {} } },
}

/** User to workspace. */
export const WORKSPACES: Readonly<Record<string, string>> = { alice: 'team-a', bob: 'team-b' }

/** Each of them has a workspace that is closed to the other; their tokens are their names. */
export const twoTeams: Access = {
  multiUser: true,
  authenticate: async ({ authorization }) => {
    const actor = typeof authorization === 'string' ? authorization.replace('Bearer ', '') : ''
    return WORKSPACES[actor] ? { actor, groups: [] } : undefined
  },
  allows: async ({ actor }, _verb, _resource, namespace) => WORKSPACES[actor] === namespace,
}
