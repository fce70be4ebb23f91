/** What a run is doing: tasks, live events, logs, and why it waits. Before: index.ts. */

import type { Db } from '../../store/metadata/database.ts'
import { notFound } from '../../store/metadata/errors.ts'
import { listPipelineRuns } from '../../store/metadata/list-pipeline-runs.ts'
import {
  type FullPipelineRun,
  getPipelineRun,
  TERMINAL_STATES,
  tasksOfRun,
} from '../../store/metadata/pipeline-runs.ts'
import { openEventStream } from './event-stream.ts'
import type { NativeCall, NativeRoute } from './route.ts'

/** The run that the path names. Rejects with 404 also when it is of another workspace. */
export async function requireRun({ services, caller, params }: NativeCall) {
  const run = await getPipelineRun(services.metadata.db, params['run']!)
  if (caller.reads !== undefined && run.namespace !== caller.reads) throw notFound(`Run ${params['run']} not found`)
  return run
}

const LARGEST_PAGE = 200

/** Newest first; `name`, `pipeline`, `limit`, `pageToken`. Their tasks are told by `/runs/RUN`. */
async function list({ services, caller, query }: NativeCall) {
  const { runs, nextPageToken } = await listPipelineRuns(services.metadata.db, {
    namespace: caller.reads,
    name: query.text('name', 253),
    pipeline: query.text('pipeline', 253),
    limit: Math.min(Math.max(query.integer('limit') ?? 50, 1), LARGEST_PAGE),
    pageToken: query.text('pageToken', 2000),
  })
  return { runs: runs.map(summary), ...(nextPageToken && { nextPageToken }) }
}

function summary(run: FullPipelineRun) {
  return {
    runId: run.run_id,
    name: run.name,
    pipeline: run.pipeline_name,
    state: run.state,
    createdAt: new Date(run.created_at).toISOString(),
    ...(run.end_time !== null && { endTime: new Date(run.end_time).toISOString() }),
    ...(run.error !== null && { error: errorOf(run.error) }),
  }
}

async function runStatus(db: Db, runId: string) {
  const run = await getPipelineRun(db, runId)
  const tasks = await tasksOfRun(db, runId)
  return {
    ...summary(run),
    ...(run.outputs !== null && { outputs: JSON.parse(run.outputs) as unknown }),
    tasks: tasks.map((task) => ({
      path: task.path,
      name: task.name,
      runId: task.run_id,
      state: task.state,
      cached: task.cached === 1,
      attempts: task.attempts,
      startTime: new Date(task.start_time).toISOString(),
      ...(task.end_time !== null && { endTime: new Date(task.end_time).toISOString() }),
      outputs: JSON.parse(task.outputs) as unknown,
      ...(task.error !== null && { error: errorOf(task.error) }),
      ...(task.detail !== null && (JSON.parse(task.detail) as { waitingFor?: string })),
    })),
  }
}

/** Executors may have stored plain words. */
function errorOf(stored: string): unknown {
  try {
    return JSON.parse(stored) as unknown
  } catch {
    return { code: 'application', message: stored }
  }
}

async function status(call: NativeCall) {
  const run = await requireRun(call)
  return await runStatus(call.services.metadata.db, run.run_id)
}

/** Server-sent events: `run` with the whole status at first and after each change; the stream ends with the run. */
async function events(call: NativeCall) {
  const { services, reply } = call
  const run = await requireRun(call)
  const stream = openEventStream(reply)
  const { db } = services.metadata
  let sending = false
  let again = false
  let sent = ''
  const send = async (): Promise<void> => {
    if (sending) {
      again = true
      return
    }
    sending = true
    do {
      again = false
      const found = await runStatus(db, run.run_id).catch(() => undefined)
      if (!found) return stream.end()
      const text = JSON.stringify(found)
      if (text !== sent) stream.send('run', found)
      sent = text
      if (TERMINAL_STATES.includes(found.state)) stream.end()
    } while (again)
    sending = false
  }
  stream.onClose(services.events.subscribe(run.run_id, () => void send()))
  const { lookAgainMillis } = services.events
  if (lookAgainMillis !== undefined) {
    const timer = setInterval(() => void send(), lookAgainMillis)
    stream.onClose(() => clearInterval(timer))
  }
  await send()
  return reply
}

/** The log of an attempt: plain text, or with `follow` server-sent `log` events until the attempt ends. */
async function logs(call: NativeCall) {
  const { services, query, reply } = call
  const run = await requireRun(call)
  const follow = query.flag('follow')
  const task = query.required('task', 4000)
  const attempt = query.integer('attempt')
  const abort = new AbortController()
  const pieces = await services.executor.logs({
    runId: run.run_id,
    task,
    follow,
    signal: abort.signal,
    ...(attempt !== undefined && { attempt }),
  })
  if (!pieces) throw notFound(`Task ${task} of run ${run.run_id} has no such attempt`)
  if (!follow) {
    reply.raw.once('close', () => abort.abort())
    return await reply
      .type('text/plain; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      .send(toStream(pieces))
  }
  const stream = openEventStream(reply)
  stream.onClose(() => abort.abort())
  try {
    for await (const piece of pieces) stream.send('log', { text: piece })
  } catch (error) {
    stream.abort()
    throw error
  }
  stream.end()
  return reply
}

function toStream(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => void (await iterator.return?.()),
  })
}

async function waiting(call: NativeCall) {
  const run = await requireRun(call)
  return { waiting: await call.services.executor.waiting(run.run_id) }
}

export const noJournal = (runId: string) =>
  notFound(`The journal of run ${runId} is not kept here: it never started, or was deleted`)

/** Why each task was, or was not, taken from the cache. */
async function cache(call: NativeCall) {
  const run = await requireRun(call)
  const tasks = await call.services.executor.explainCache?.(run.run_id)
  if (!tasks) throw noJournal(run.run_id)
  return { tasks }
}

export const RUN_ROUTES: readonly NativeRoute[] = [
  { method: 'GET', path: '/runs', verb: 'list', resource: 'runs', handle: list },
  { method: 'GET', path: '/runs/:run', verb: 'get', resource: 'runs', handle: status },
  { method: 'GET', path: '/runs/:run/events', verb: 'get', resource: 'runs', handle: events },
  { method: 'GET', path: '/runs/:run/logs', verb: 'get', resource: 'logs', handle: logs },
  { method: 'GET', path: '/runs/:run/waiting', verb: 'get', resource: 'runs', handle: waiting },
  { method: 'GET', path: '/runs/:run/cache', verb: 'get', resource: 'runs', handle: cache },
]
