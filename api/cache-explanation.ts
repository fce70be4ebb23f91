/** Why a task's result was, or was not, taken from an earlier run: what `kfp-ts explain` prints and a server answers. */

/** A task of an earlier run. */
export interface EarlierTask {
  readonly runId: string
  /** In a cluster, where ids are not the names of runs. Absent when the run is known no more. */
  readonly runName?: string
  /** For example `root/for-loop-2[3]/train`. */
  readonly task: string
}

export interface CacheExplanation {
  readonly task: string
  readonly hit: boolean
  /** For a miss. */
  readonly reason?: string
  /** For a hit. */
  readonly source?: EarlierTask
  /** For a miss: the earlier result that differs in the fewest parts, as far as there is one. */
  readonly nearest?: EarlierTask & {
    readonly changes: readonly { readonly part: string; readonly before?: string; readonly now?: string }[]
  }
}
