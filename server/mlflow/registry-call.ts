/** What every endpoint of the registry needs: who acts, why, and from which run. */

import { invalid } from '../../store/metadata/errors.ts'
import type { RegistryActor } from '../../store/metadata/registry.ts'
import type { Call } from './route.ts'

export function registryActor({ services, caller, fields }: Call): RegistryActor {
  return {
    namespace: caller.namespace,
    actor: caller.actor,
    now: services.metadata.now(),
    // Ours: MLflow clients never send it.
    reason: fields.text('reason', 2000) || undefined,
    runId: caller.runScope,
  }
}

/** A model name that URIs such as models:/NAME/VERSION can carry. */
export function modelName(call: Call, field = 'name'): string {
  const name = call.fields.text(field, 256)
  if (!name?.trim()) throw invalid('Registered model name cannot be empty.')
  if (/[/:]/.test(name)) throw invalid(`Invalid model name: '${name}'. It must not contain '/' or ':'.`)
  return name
}
