/** Tells listeners in this process that a run changed. Before: recorder and KFP routes. After: the event streams. */
import { EventEmitter } from 'node:events'

/** Run ids in, notifications out; holds no state that could be lost. */
export class RunEvents {
  readonly #emitter = new EventEmitter()

  /** How often a listener should look for what other processes changed; undefined when there are none. */
  readonly lookAgainMillis: number | undefined

  constructor(lookAgainMillis?: number) {
    this.lookAgainMillis = lookAgainMillis
    // Each open event stream is a listener.
    this.#emitter.setMaxListeners(0)
  }

  changed(runId: string): void {
    this.#emitter.emit(runId)
  }

  /** Calls `listener` after each change until the returned function is called. */
  subscribe(runId: string, listener: () => void): () => void {
    this.#emitter.on(runId, listener)
    return () => this.#emitter.off(runId, listener)
  }
}
