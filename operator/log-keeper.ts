/** Copies the log of each attempt to the store while it runs, so that logs outlive pods. Never in the way of a decision. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '../client/kube/client.ts'
import { isNotFound } from '../client/kube/transport.ts'
import { createLimit } from './admission/limit.ts'
import { type LogTail, repeatedBytes } from './log-resume.ts'
import { MAIN_CONTAINER } from './pod/pod-types.ts'
import type { RunStore } from './run-store.ts'

export interface LogSource {
  readonly namespace: string
  readonly pod: string
  readonly runId: string
  readonly task: string
  readonly attempt: number
}

export interface LogKeeper {
  /** Begins to copy; a second call for the same pod changes nothing. */
  follow(source: LogSource): void
  /** Resolves when the whole log of an ended attempt is stored, or can't be had. */
  finish(source: LogSource): Promise<void>
  /** Nobody will ask for the end of the log: what is followed goes on until the container ends, and then frees its stream. */
  forget(source: LogSource): void
  stop(): void
}

export interface LogKeeperOptions {
  readonly kube: Pick<KubeClient, 'log'>
  readonly store: Pick<RunStore, 'keptLog' | 'openLog'>
  /** Logs followed at once; the others are copied when their pods end. @default 200 */
  readonly maxStreams?: number
  /** Logs of ended attempts copied at once. @default 32 */
  readonly maxCopies?: number
  /** @default 1_000 */
  readonly retryMillis?: number
  readonly onError?: (source: LogSource, error: unknown) => void
}

interface Stream {
  /** The attempt is over: no second try to follow it. */
  readonly over: AbortController
  readonly done: Promise<void>
  /** When the stream ended by itself, which it does at the end of the container. */
  endedAt?: number
}

/** A stream that ended so long before the news of the container's end was cut off. */
const CUT_OFF_MILLIS = 5_000
const TRIES = 3
const LONGEST_RETRY_MILLIS = 15_000
/** Clocks of node and operator differ; what is read twice is left out. */
const OVERLAP_MILLIS = 60_000
/** The part that may repeat is looked at as a whole: it comes at once, and is over when nothing comes for a while. */
const MAX_OVERLAP_BYTES = 4 * 1024 * 1024
const IDLE_MILLIS = 1_000

export function createLogKeeper(options: LogKeeperOptions): LogKeeper {
  const { kube, store, maxStreams = 200, retryMillis = 1_000, onError } = options
  const streams = new Map<string, Stream>()
  const stopping = new AbortController()
  const copies = createLimit(options.maxCopies ?? 32)
  const keyOf = ({ namespace, pod }: LogSource): string => `${namespace}/${pod}`

  /** Copies what is not kept yet; resolves when the stream ended by itself. */
  async function copy(source: LogSource, follow: boolean): Promise<void> {
    const kept = await store.keptLog(source)
    const since = kept ? { sinceTime: new Date(kept.modifiedAt - OVERLAP_MILLIS).toISOString() } : {}
    const stream = await kube.log(
      source.namespace,
      source.pod,
      { container: MAIN_CONTAINER, follow, ...since },
      stopping.signal,
    )
    const file = await store.openLog(source)
    let failure: unknown
    file.on('error', (error) => {
      failure = error
      stream.close()
    })
    try {
      for await (const chunk of kept ? withoutRepetition(kept.tail, stream.chunks) : stream.chunks) {
        if (!file.write(chunk)) await Promise.race([once(file, 'drain'), once(file, 'close')])
      }
    } finally {
      stream.close()
      file.end()
      if (!file.closed) await once(file, 'close')
    }
    if (failure) throw failure
  }

  async function followOn(source: LogSource, stream: Stream): Promise<void> {
    for (let failures = 0; !stream.over.signal.aborted && !stopping.signal.aborted; failures++) {
      try {
        await copy(source, true)
        stream.endedAt = Date.now()
        return
      } catch (error) {
        if (stopping.signal.aborted || isNotFound(error)) return
        onError?.(source, error)
        const wait = Math.min(LONGEST_RETRY_MILLIS, retryMillis * 2 ** failures)
        await delay(wait, undefined, { signal: stream.over.signal }).catch(() => {})
      }
    }
  }

  async function copyRest(source: LogSource): Promise<void> {
    for (let tries = 1; !stopping.signal.aborted; tries++) {
      try {
        return await copy(source, false)
      } catch (error) {
        if (stopping.signal.aborted || isNotFound(error)) return
        onError?.(source, error)
        if (tries >= TRIES) return
        await delay(retryMillis * tries)
      }
    }
  }

  return {
    follow(source) {
      const key = keyOf(source)
      if (streams.has(key) || streams.size >= maxStreams || stopping.signal.aborted) return
      const stream: { over: AbortController; done: Promise<void>; endedAt?: number } = {
        over: new AbortController(),
        done: Promise.resolve(),
      }
      streams.set(key, stream)
      stream.done = followOn(source, stream)
    },
    async finish(source) {
      const key = keyOf(source)
      const stream = streams.get(key)
      const at = Date.now()
      stream?.over.abort()
      await stream?.done
      if (streams.get(key) === stream) streams.delete(key)
      if (stream?.endedAt !== undefined && at - stream.endedAt < CUT_OFF_MILLIS) return
      await copies(() => copyRest(source))
    },
    forget(source) {
      const key = keyOf(source)
      const stream = streams.get(key)
      void stream?.done.then(() => {
        if (streams.get(key) === stream) streams.delete(key)
      })
    },
    stop: () => stopping.abort(),
  }
}

/** The chunks from where the kept log ends. */
async function* withoutRepetition(tail: LogTail, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let bytes = 0
  let next = iterator.next()
  // Whoever reads may have left by the time that it fails.
  next.catch(() => {})
  while (bytes < MAX_OVERLAP_BYTES) {
    const result = await Promise.race([next, delay(IDLE_MILLIS, undefined, { ref: false })])
    if (!result || result.done) break
    first.push(result.value)
    bytes += result.value.length
    next = iterator.next()
    next.catch(() => {})
  }
  const again = Buffer.concat(first)
  const rest = again.subarray(repeatedBytes(tail, again))
  if (rest.length > 0) yield rest
  for (let result = await next; !result.done; result = await iterator.next()) yield result.value
}
