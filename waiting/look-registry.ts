/** Aliases by the API of a server: what a run on somebody's machine asks. */
import type { AliasWait } from '../api/wait.ts'
import { ModelRegistry, RegistryError } from '../client/model-registry.ts'
import type { Look } from './poll.ts'

/** @param env names the server (`MLFLOW_TRACKING_URI`) */
export function registryAliasLook(env: Readonly<Record<string, string | undefined>>): Look<AliasWait> {
  return async ({ model, alias }) => {
    const url = env['MLFLOW_TRACKING_URI']
    const token = env['MLFLOW_TRACKING_TOKEN']
    if (!url) {
      const message = 'no server is known here that has aliases: set MLFLOW_TRACKING_URI, or run it on "kfp-ts serve"'
      return { kind: 'refused', message }
    }
    const registry = new ModelRegistry({ url, ...(token ? { token } : {}) })
    try {
      const answer = await registry.mlflow<{ model_version: { version: string } }>('GET', 'registered-models/alias', {
        name: model,
        alias,
      })
      return { kind: 'alias', version: Number(answer.model_version.version) }
    } catch (error) {
      const isUnknown = error instanceof RegistryError && (error.status === 404 || error.status === 400)
      if (isUnknown) return { kind: 'alias' }
      throw error
    }
  }
}
