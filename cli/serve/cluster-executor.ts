/** Carries a server's runs out in a cluster: the executor port over PipelineRun resources. Before: server-beside.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import { isAlreadyExists, isNotFound, isTransient } from '../../client/kube/transport.ts'
import { endRecord, findRecord, hadResource, noteResource, operatorPart } from '../../operator/run-header.ts'
import type { RunStore } from '../../operator/run-store.ts'
import { type PipelineRun, viewRun } from '../../operator/run-view.ts'
import { servedRunName, servedRunObject } from '../../operator/served-run.ts'
import { HttpError } from '../../server/problem.ts'
import type { RunExecutor, RunRequest } from '../../server/run-executor.ts'
import type { ExecutorParts } from '../../server/start.ts'
import {
  type FullPipelineRun,
  type StateChange,
  setRunState,
  TERMINAL_STATES,
} from '../../store/metadata/pipeline-runs.ts'
import { clusterLogs } from './cluster-logs.ts'
import { clusterPlans } from './cluster-plans.ts'
import { clusterWaiting } from './cluster-waiting.ts'
import { argumentsOf } from './run-arguments.ts'

export interface ClusterExecutorOptions {
  readonly kube: KubeClient
  readonly store: RunStore
  /** The only namespace whose runs the operator carries out; undefined: all of them. */
  readonly namespace?: string | undefined
}

export interface ClusterExecutor extends RunExecutor {
  /** Tries no more; what is not created yet is found in the database by the next server. */
  stop(): Promise<void>
}

const RETRY_MILLIS = 2_000
/** A resource with a finalizer stays until the operator has removed its artifacts. */
const REMOVAL_MILLIS = 10_000
/** Where runs of a server without namespaces go when the operator carries out all. */
export const FALLBACK_NAMESPACE = 'default'

export function clusterExecutor(parts: ExecutorParts, options: ClusterExecutorOptions): ClusterExecutor {
  const { kube, store } = options
  const { metadata, logger } = parts
  const plans = clusterPlans(metadata, kube, store)
  const stopping = new AbortController()
  /** What the API server could not take yet. */
  const late = new Set<Promise<void>>()

  const record = (runId: string) => findRecord(metadata.db, runId)
  const placeOf = (row: FullPipelineRun) => resourcePlace(row, options.namespace ?? FALLBACK_NAMESPACE)
  const resourceOf = async (row: FullPipelineRun): Promise<PipelineRun | undefined> => {
    const { namespace, name } = placeOf(row)
    const found = await kube.get<PipelineRun>(PIPELINE_RUNS, namespace, name).catch(undefinedWhenNotFound)
    return found && viewRun(found).runId === row.run_id ? found : undefined
  }
  const patchSpec = async (row: FullPipelineRun, resource: PipelineRun, spec: object): Promise<void> => {
    const { namespace, name } = placeOf(row)
    await kube.patch(PIPELINE_RUNS, namespace, name, { metadata: { uid: resource.metadata.uid }, spec })
  }
  const end = async (row: FullPipelineRun): Promise<void> => {
    await metadata.transaction((db) => endRecord(db, row, metadata.now()))
    parts.events.changed(row.run_id)
  }

  /** Makes what the record asks for, unless it is there. */
  async function bring(run: RunRequest): Promise<void> {
    const row = await record(run.runId)
    if (!row || TERMINAL_STATES.includes(row.state)) return
    const known = await resourceOf(row)
    const wasThere = operatorPart(row) !== undefined || hadResource(row)
    // Somebody deleted it while nobody watched. Or it was canceled before it came to be.
    if (!known && (wasThere || row.state === 'CANCELING')) return await end(row)
    if (!known) await make(run, placeOf(row).namespace)
    // The run is on its way whether or not this is stored; the next server notes it then.
    if (!wasThere)
      await noteResource(metadata.db, row).catch((err) =>
        logger.warn({ err, runId: run.runId }, 'that the run has its PipelineRun could not be noted'),
      )
    if (known) await resume(row, known)
  }

  async function make(run: RunRequest, namespace: string): Promise<void> {
    try {
      await kube.create(PIPELINE_RUNS, namespace, servedRunObject(servedRun(run, namespace)))
    } catch (error) {
      // Another replica, or an earlier try whose answer was lost.
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** What was asked for before the server ended may not have reached the resource. */
  async function resume(row: FullPipelineRun, resource: PipelineRun): Promise<void> {
    if (row.state === 'CANCELING') return await patchSpec(row, resource, { cancel: true })
    const { phase, retryCount, retriesDone } = viewRun(resource)
    if (row.state !== 'PENDING' || !wasOver(row) || !isFinalPhase(phase) || retryCount > retriesDone) return
    await patchSpec(row, resource, { retryCount: retryCount + 1, cancel: false })
  }

  async function cancelNow(runId: string): Promise<void> {
    const row = await record(runId)
    if (!row || TERMINAL_STATES.includes(row.state)) return
    const resource = await resourceOf(row)
    // Gone, or deleted between the look and the change, as runs are that go with their schedule: there is nothing left to stop.
    const told = resource && patchSpec(row, resource, { cancel: true }).then(() => true, undefinedWhenNotFound)
    if (!(await told)) await end(row)
  }

  /** Tries again until the API server answers; what it then refuses is for `refuse`. */
  function later(runId: string, work: () => Promise<void>, refuse: (error: unknown) => Promise<void>): void {
    const trying = (async () => {
      while (!stopping.signal.aborted) {
        await delay(RETRY_MILLIS, undefined, { signal: stopping.signal }).catch(() => {})
        if (stopping.signal.aborted) return
        try {
          return await work()
        } catch (error) {
          if (isTransient(error)) continue
          logger.error({ err: error, runId }, 'the cluster refuses what was asked of a run')
          return await refuse(error)
        }
      }
    })().finally(() => late.delete(trying))
    late.add(trying)
  }

  async function refused(runId: string, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error)
    await metadata.transaction((db) =>
      setRunState(db, runId, 'FAILED', metadata.now(), { code: 'not-started', message }),
    )
    parts.events.changed(runId)
  }

  return {
    async start(run) {
      refuseForeign(run, options.namespace)
      try {
        await bring(run)
      } catch (error) {
        if (!isTransient(error)) throw refusalOf(error)
        // The record is stored, so the run is accepted; its resource follows.
        later(
          run.runId,
          () => bring(run),
          (refusal) => refused(run.runId, refusal),
        )
      }
    },
    async retry(run) {
      const row = await record(run.runId)
      const resource = row && (await resourceOf(row).catch(unavailable))
      if (!row || !resource) throw new HttpError(400, `The PipelineRun of run ${run.runId} is gone: start another run`)
      const { retryCount } = viewRun(resource)
      await patchSpec(row, resource, { retryCount: retryCount + 1, cancel: false }).catch(unavailable)
    },
    async cancel(runId) {
      try {
        await cancelNow(runId)
      } catch (error) {
        if (!isTransient(error)) throw refusalOf(error)
        // The record says that the run is to stop, and nobody can ask for it twice.
        later(
          runId,
          () => cancelNow(runId),
          async () => {},
        )
      }
    },
    async remove(runId) {
      const row = await record(runId)
      const resource = row && (await resourceOf(row).catch(unavailable))
      if (!row || !resource) return
      const { namespace, name } = placeOf(row)
      const { uid } = resource.metadata
      await kube.delete(PIPELINE_RUNS, namespace, name, { uid }).catch(undefinedWhenNotFound).catch(unavailable)
      for (const limit = Date.now() + REMOVAL_MILLIS; Date.now() < limit; await delay(100)) {
        const left = await resourceOf(row).catch(() => resource)
        if (!left || left.metadata.uid !== uid) break
      }
      await store.deleteRun(runId)
    },
    logs: async (request) => {
      const row = await record(request.runId)
      return row && (await clusterLogs({ kube, store }, row, placeOf(row).namespace, request))
    },
    waiting: async (runId) => {
      const row = await record(runId)
      if (!row || TERMINAL_STATES.includes(row.state)) return []
      return await clusterWaiting(metadata, kube, row, await resourceOf(row).catch(unavailable))
    },
    explainCache: plans.explainCache,
    foreseeRetry: plans.foreseeRetry,
    foresee: plans.foresee,
    async stop() {
      stopping.abort()
      await Promise.all(late)
    },
  }
}

/** A run that came as a resource has its name; one that a server made a name by its id. */
function resourcePlace(row: FullPipelineRun, fallback: string): { readonly namespace: string; readonly name: string } {
  const part = operatorPart(row)
  if (part) return { namespace: part.namespace, name: part.resource?.name ?? part.config.runName }
  return { namespace: row.namespace || fallback, name: servedRunName(row.run_id, row.pipeline_name) }
}

function servedRun(run: RunRequest, namespace: string) {
  return {
    ...run,
    namespace,
    arguments: argumentsOf(run),
    serviceAccountName: run.serviceAccount,
  }
}

function refuseForeign({ namespace }: RunRequest, served: string | undefined): void {
  if (!served || namespace === '' || namespace === served) return
  throw new HttpError(400, `No operator carries out runs of namespace '${namespace}' here: this one serves '${served}'`)
}

/** The run ended once and was put back: its user asked for a retry. */
function wasOver(row: FullPipelineRun): boolean {
  return (JSON.parse(row.state_history) as StateChange[]).some(({ state }) => TERMINAL_STATES.includes(state))
}

function undefinedWhenNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

/** What the API server says against a resource is about what the client sent. */
function refusalOf(error: unknown): Error {
  if (error instanceof HttpError) return error
  return new HttpError(400, `The cluster refuses the run: ${error instanceof Error ? error.message : error}`)
}

function unavailable(error: unknown): never {
  if (!isTransient(error)) throw error
  throw new HttpError(503, "The cluster's API server can not be reached now: try again")
}
