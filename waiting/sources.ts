/** The ports through which waits see the world: one a kind, by looking again and again (poll.ts) or by being told. */
import type { AliasWait, HttpWait, LookedAt, ObjectWait, ResourceWait, RunWait, Sight } from '../api/wait.ts'

/** Whose wait it is: what may be seen depends on it. */
export interface WaitScope {
  /** Of the run; '' where there is only one. */
  readonly namespace: string
}

/** @param nextLookAt absent where news comes by itself */
export type See = (sight: Sight, nextLookAt?: number) => void

/** Tells what it sees until the returned function is called; `see` may call that itself. */
export type Watch<R extends LookedAt> = (request: R, scope: WaitScope, see: See) => () => void

export interface WaitSources {
  readonly http: Watch<HttpWait>
  readonly object: Watch<ObjectWait>
  readonly resource: Watch<ResourceWait>
  readonly run: Watch<RunWait>
  readonly alias: Watch<AliasWait>
}

/** Watches whatever is asked for, by the source of its kind. */
export function watchBy(sources: WaitSources): Watch<LookedAt> {
  return (request, scope, see) => (sources[request.kind] as Watch<LookedAt>)(request, scope, see)
}
