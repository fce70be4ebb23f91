/** What a run on somebody's machine can wait for: with the rights and from the place that this somebody has. */
import type { AliasWait, ResourceWait, RunWait } from '../api/wait.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { ANY_HOST, httpLook } from './look-http.ts'
import { localRunLook } from './look-local-run.ts'
import { findOnThisMachine, objectLook } from './look-object.ts'
import { registryAliasLook } from './look-registry.ts'
import { polling } from './poll.ts'
import type { WaitSources, Watch } from './sources.ts'

export interface ThisMachine {
  /** Folder that holds runs. */
  readonly root: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly openStore: (uri: string) => Promise<ArtifactStore | undefined>
  /** A server knows runs and aliases better than folders and environment do. */
  readonly run?: Watch<RunWait>
  readonly alias?: Watch<AliasWait>
}

export function sourcesOnThisMachine({ root, env, openStore, run, alias }: ThisMachine): WaitSources {
  return {
    http: polling(httpLook(ANY_HOST)),
    object: polling(objectLook(findOnThisMachine(openStore))),
    resource: resourcesOfKubeconfig(),
    run: run ?? polling(localRunLook(root)),
    alias: alias ?? polling(registryAliasLook(env)),
  }
}

/** The cluster is looked for when something waits for it. */
function resourcesOfKubeconfig(): Watch<ResourceWait> {
  let opened: Promise<Watch<ResourceWait>> | undefined
  return (request, scope, see) => {
    let isOver = false
    let stop = (): void => {}
    opened ??= openCluster()
    opened.then(
      (watch) => {
        if (!isOver) stop = watch(request, scope, see)
        if (isOver) stop()
      },
      (error: Error) => {
        if (!isOver) see({ kind: 'refused', message: error.message })
      },
    )
    return () => {
      isOver = true
      stop()
    }
  }
}

async function openCluster(): Promise<Watch<ResourceWait>> {
  const [{ connect }, { resourceWatch }] = await Promise.all([
    import('../client/connect.ts'),
    import('./watch-resource.ts'),
  ])
  const { kube, access } = connect()
  const deniedHint = 'ask for the right to get, list and watch it'
  return resourceWatch({ kube, defaultNamespace: access.namespace, deniedHint })
}
