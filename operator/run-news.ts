/** Tells waiting tasks how other runs go: from the operator's own watch of them, and from the records of those that were deleted. */
import type { JsonObject } from '../api/json.ts'
import type { RunWait, Sight } from '../api/wait.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'
import type { See, WaitScope, Watch } from '../waiting/sources.ts'
import type { RunIdentity } from './run-session.ts'
import type { PipelineRun, RunView } from './run-view.ts'

export interface RunNewsOptions {
  readonly kube: KubeClient
  /** Resolves when `known` tells everything there is. */
  readonly synced: Promise<void>
  readonly known: () => Iterable<RunView>
  /** Looks a run up that the cluster no longer has. */
  readonly recorded: (wait: RunWait, namespace: string) => Promise<Sight>
}

/** Of a run that was deleted unseen only its identity is known. */
type GoneRun = RunIdentity & Partial<Pick<RunView, 'pipelineName' | 'logicalDate'>>

export interface RunNews {
  readonly watch: Watch<RunWait>
  changed(view: RunView): void
  /** The run was deleted, and its record says so: who waits for it looks at what there is now. */
  gone(run: GoneRun): void
}

interface Listener {
  readonly wait: RunWait
  readonly scope: WaitScope
  readonly see: See
}

/** KFP's words for the phases of the resource. */
const STATES: Readonly<Record<string, string>> = { Succeeded: 'SUCCEEDED', Failed: 'FAILED', Canceled: 'CANCELED' }
const RETRY_MILLIS = 10_000

export function createRunNews(options: RunNewsOptions): RunNews {
  const { synced, known, recorded } = options
  const listeners = new Map<string, Set<Listener>>()

  async function tell(listener: Listener, view: RunView | undefined): Promise<void> {
    const { wait, scope, see } = listener
    const isListening = (): boolean => listeners.get(scope.namespace)?.has(listener) === true
    try {
      const sight = (view && (await sightOf(view, options))) ?? (await recorded(wait, scope.namespace))
      if (isListening()) see(sight)
    } catch (error) {
      if (!isListening()) return
      see({ kind: 'trouble', message: error instanceof Error ? error.message : String(error) })
      const again = (): void => {
        if (isListening()) void tell(listener, newest(known(), listener))
      }
      setTimeout(again, RETRY_MILLIS).unref()
    }
  }

  return {
    watch: (wait, scope, see) => {
      const listener = { wait, scope, see }
      const same = listeners.get(scope.namespace) ?? new Set()
      listeners.set(scope.namespace, same.add(listener))
      void synced.then(() => {
        if (same.has(listener)) void tell(listener, newest(known(), listener))
      })
      return () => {
        same.delete(listener)
        if (same.size === 0 && listeners.get(scope.namespace) === same) listeners.delete(scope.namespace)
      }
    },
    changed(view) {
      for (const listener of [...(listeners.get(view.namespace) ?? [])])
        if (fits(view, listener)) void tell(listener, view)
    },
    gone(run) {
      for (const listener of [...(listeners.get(run.namespace) ?? [])])
        if (fits(run, listener)) void tell(listener, newest(known(), listener))
    },
  }
}

/**
 * The whole resource is read only of a run that is over: what is kept of the others has no outputs.
 *
 * @returns undefined for a run that is gone
 */
async function sightOf(view: RunView, { kube, recorded }: RunNewsOptions): Promise<Sight | undefined> {
  const isRetried = view.retryCount > view.retriesDone
  const state = isRetried ? undefined : STATES[view.phase ?? '']
  const word = isRetried ? 'RETRYING' : (view.phase ?? 'Pending').toUpperCase()
  const run = { id: view.runId, state: state ?? word, outputs: {} }
  if (state === undefined) return { kind: 'run', run }
  try {
    const { metadata, status } = await kube.get<PipelineRun>(PIPELINE_RUNS, view.namespace, view.name)
    if (metadata.uid !== view.uid) return undefined
    const error = state === 'FAILED' ? { error: status?.message ?? '' } : {}
    const outputs = status?.outputs ?? (await recordedOutputs(view, recorded))
    return { kind: 'run', run: { ...run, outputs, ...error } }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Large outputs are not in the resource. */
async function recordedOutputs(view: RunView, recorded: RunNewsOptions['recorded']): Promise<JsonObject> {
  const wait = { kind: 'run', run: view.runId, states: [], everyMillis: 0 } as const
  const sight = await recorded(wait, view.namespace)
  return (sight.kind === 'run' && sight.run?.outputs) || {}
}

function fits(view: GoneRun, { wait, scope }: Listener): boolean {
  if (view.namespace !== scope.namespace) return false
  if (wait.run !== undefined) return [view.name, view.runId, view.uid, view.displayName].includes(wait.run)
  return view.pipelineName === wait.pipeline && view.logicalDate === wait.logicalDate
}

function newest(views: Iterable<RunView>, listener: Listener): RunView | undefined {
  let found: RunView | undefined
  for (const view of views) if (fits(view, listener) && view.createdAt >= (found?.createdAt ?? 0)) found = view
  return found
}
