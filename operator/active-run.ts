/** An active run beside its session: when its status is written, and what happens once it is over. */
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import type { RunReport } from '../api/run-report.ts'
import { isFinished, report } from '../engine/index.ts'
import type { EventRecorder } from './events.ts'
import { ttlFromPlatform } from './run-config.ts'
import type { RunRecords } from './run-records.ts'
import type { RunSession } from './run-session.ts'
import { runStatus } from './run-status.ts'
import type { StatusWriter } from './status-writer.ts'

export interface ActiveRunOptions {
  readonly statuses: StatusWriter
  readonly records: RunRecords
  readonly events: EventRecorder
  readonly intervalMillis: number
  /** How often the record of a run that goes on is brought up to date; shorter runs are recorded once, at their end. */
  readonly recordMillis: number
  readonly now: () => number
  readonly lastStatus: PipelineRunStatus | undefined
  /** Generation of the spec that is obeyed, and the retries that were carried out. */
  readonly observed: () => { readonly generation: number; readonly retryCount: number }
  readonly onFinished: (status: PipelineRunStatus) => void
  readonly onTrouble: (error: unknown) => void
}

const RETRY_MILLIS = 2_000
/** Between two tries of a status that the API server refuses. */
const LONGEST_RETRY_MILLIS = 60_000
/** How long the end of a run waits for its record; open-records.ts looks after those that take longer. */
const RECORD_WITHIN_MILLIS = 60_000

export interface ActiveRun {
  /** To be called after each change of the session. */
  changed(session: RunSession): void
  /** Writes the status soon even though no event came: something waits. */
  close(): void
}

export function activeRun(options: ActiveRunOptions): ActiveRun {
  let last = options.lastStatus
  let writing = false
  let dirty = false
  let closed = false
  let finishedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let writtenAt = 0
  let recordedAt = options.now()
  let endIsRecorded = false
  let failures = 0

  function changed(session: RunSession): void {
    if (closed) return
    dirty = true
    if (writing) return
    if (isFinished(session.state)) return void write(session)
    const wait = writtenAt + options.intervalMillis - options.now()
    if (wait <= 0) return void write(session)
    timer ??= setTimeout(() => {
      timer = undefined
      if (dirty && !writing && !closed) void write(session)
    }, wait)
    timer.unref()
  }

  async function write(session: RunSession): Promise<void> {
    writing = true
    dirty = false
    clearTimeout(timer)
    timer = undefined
    writtenAt = options.now()
    try {
      const finished = isFinished(session.state)
      if (finished) {
        finishedAt ??= options.now()
        await session.logsKept()
      }
      const seen = report(session.pipeline.program, session.state)
      if (finished) await recordEnd(seen)
      else if (isRecordDue()) await record(seen)
      const status = statusOf(session, seen)
      await options.statuses.write(session.run, last, status)
      tellStory(session, status)
      last = status
      failures = 0
      if (finished && !closed) {
        closed = true
        options.onFinished(status)
      }
    } catch (error) {
      options.onTrouble(error)
      dirty = true
      writtenAt = options.now() + Math.min(LONGEST_RETRY_MILLIS, RETRY_MILLIS * 2 ** failures++)
    } finally {
      writing = false
      if (dirty && !closed) setTimeout(() => changed(session), Math.max(0, writtenAt - options.now()))
    }
  }

  const isRecordDue = (): boolean => options.now() - recordedAt >= options.recordMillis

  /** @returns whether it worked. What servers show is secondary to the run itself: the journal has everything. */
  async function record(seen: RunReport): Promise<boolean> {
    recordedAt = options.now()
    try {
      await options.records.record(seen)
      return true
    } catch (error) {
      options.onTrouble(error)
      return false
    }
  }

  /** Nobody brings the record up to date after the end, and clients of servers wait for it. */
  async function recordEnd(seen: RunReport): Promise<void> {
    const until = options.now() + RECORD_WITHIN_MILLIS
    while (!endIsRecorded && !closed) {
      endIsRecorded = await record(seen)
      if (endIsRecorded || options.now() >= until) return
      await new Promise((resolve) => setTimeout(resolve, RETRY_MILLIS).unref())
    }
  }

  function statusOf(session: RunSession, seen: RunReport): PipelineRunStatus {
    const { generation, retryCount } = options.observed()
    const { queue } = session.state
    return runStatus({
      report: seen,
      attempts: session.attempts.values(),
      pipelineName: seen.pipeline,
      pipelineDigest: session.pipeline.digest,
      suspended: session.suspended,
      cancelRequested: session.cancelRequested,
      podsCreated: session.podsCreated,
      observedGeneration: generation,
      retryCount,
      startedAt: session.config.createTime,
      finishedAt,
      pipelineTtlSeconds: ttlFromPlatform(session.pipeline.document, seen.state === 'SUCCEEDED'),
      queuedTasks: queue.items.length - queue.head,
      parallelism: session.config.parallelism,
      now: options.now(),
      previous: last,
    })
  }

  function tellStory({ run }: RunSession, status: PipelineRunStatus): void {
    const known = new Set(last?.attention?.map(({ path, state, attempt }) => `${path}${state}${attempt}`))
    for (const { path, state, attempt, message } of status.attention ?? []) {
      if (known.has(`${path}${state}${attempt}`)) continue
      options.events.record(run, 'Warning', state === 'FAILED' ? 'TaskFailed' : 'TaskWaiting', `${path}: ${message}`)
    }
    if (status.phase === last?.phase || !status.phase) return
    const type = status.phase === 'Failed' ? 'Warning' : 'Normal'
    options.events.record(run, type, status.phase, `${status.message ?? ''} (${status.progress ?? ''})`)
  }

  return {
    changed,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
