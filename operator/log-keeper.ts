/** Copies the log of each attempt to the store while it runs, so that logs outlive pods. Never in the way of a decision. */
import { once } from 'node:events'
import type { KubeClient } from '../client/kube/client.ts'
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
  stop(): void
}

export interface LogKeeperOptions {
  readonly kube: KubeClient
  readonly store: RunStore
  /** Logs followed at once; the others are copied when their pods end. @default 200 */
  readonly maxStreams?: number
  readonly onError?: (source: LogSource, error: unknown) => void
}

export function createLogKeeper({ kube, store, maxStreams = 200, onError }: LogKeeperOptions): LogKeeper {
  const streams = new Map<string, Promise<boolean>>()
  const stopping = new AbortController()
  const keyOf = ({ namespace, pod }: LogSource): string => `${namespace}/${pod}`

  /** True when the copy is whole: the stream ended by itself. */
  async function copy(source: LogSource, follow: boolean): Promise<boolean> {
    try {
      const stream = await kube.log(
        source.namespace,
        source.pod,
        { container: MAIN_CONTAINER, follow },
        stopping.signal,
      )
      const file = await store.openLog(source)
      try {
        for await (const chunk of stream.chunks) if (!file.write(chunk)) await once(file, 'drain')
      } finally {
        stream.close()
        file.end()
        await once(file, 'close')
      }
      return true
    } catch (error) {
      if (!stopping.signal.aborted) onError?.(source, error)
      return false
    }
  }

  return {
    follow(source) {
      const key = keyOf(source)
      if (streams.has(key) || streams.size >= maxStreams || stopping.signal.aborted) return
      streams.set(key, copy(source, true))
    },
    async finish(source) {
      const key = keyOf(source)
      const whole = await streams.get(key)
      streams.delete(key)
      if (!whole && !stopping.signal.aborted) await copy(source, false)
    },
    stop: () => stopping.abort(),
  }
}
