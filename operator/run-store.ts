/** The port to where a run's files are: a volume that steps mount (volume-store.ts) or an object store (object-store.ts). */
import type { Readable, Writable } from 'node:stream'
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { Launch } from '../engine/types.ts'
import type { FindObject } from '../waiting/look-object.ts'
import type { LogTail } from './log-resume.ts'

/** Texts that a step left, as `collectOutputs` takes them. */
export interface FoundOutputs {
  readonly executorOutput?: string | undefined
  readonly parameterFiles: Readonly<Record<string, string | undefined>>
  /** Artifact output name to content digest, where the store knows it already. */
  readonly digests?: Readonly<Record<string, string>> | undefined
}

export interface AttemptPlace {
  readonly runId: string
  readonly task: string
  readonly attempt: number
}

export interface KeptLog {
  /** When it last grew, in milliseconds since the epoch. */
  readonly modifiedAt: number
  readonly tail: LogTail
}

export interface RunPaths {
  /** Pipeline root of runs that name none: a path as steps see it, or a URI. */
  readonly artifacts: string
  readonly scratch: string
  readonly workspaceSubPath: string
}

export interface RunStore {
  pathsOf(runId: string): RunPaths
  /** The root that a run's own wish becomes. */
  rootOf(wanted: string | undefined): string
  /** Makes what has to be there before the pod is. */
  prepare(launch: Launch, runId: string): Promise<void>
  /**
   * Rejects when outputs of a step that ended well can't be had.
   * @param complete aborts when nothing more will be written for the attempt: what is not there then is not waited for
   */
  readOutputs(launch: Launch, place: AttemptPlace, complete: AbortSignal): Promise<FoundOutputs>
  /** The outputs with the digest of each artifact. */
  withDigests(outputs: TaskOutputs, found: FoundOutputs): Promise<TaskOutputs>
  /** Why an artifact can't be used any more; undefined when it is as it was, or not kept here. */
  damageOf(artifact: RuntimeArtifact): Promise<string | undefined>
  digestOf(uri: string): Promise<string | undefined>
  /** What lies at a URI, for tasks that wait for it; only what is of this store. */
  find: FindObject
  /**
   * Copies what a URI names to a place in the run's workspace, or says why it can't. Absent where the operator does not reach the
   * workspace: a pod has to.
   */
  copyToWorkspace?(
    uri: string,
    runId: string,
    place: string,
  ): Promise<{ readonly digest?: string | undefined } | { readonly failure: string }>
  /** Where the launcher of an attempt leaves its result; volumes need none. */
  resultUri?(place: AttemptPlace): string
  /** What is kept of a log so far. */
  keptLog(place: AttemptPlace): Promise<KeptLog | undefined>
  /** Appends to what is kept; readers see it grow. */
  openLog(place: AttemptPlace): Promise<Writable>
  /** The kept log; undefined when none is kept, or not yet. */
  readLog(place: AttemptPlace): Promise<Readable | undefined>
  /** Attempts of the task whose log is kept. */
  keptLogs(runId: string, task: string): Promise<number[]>
  /** Bytes of an artifact of a run; undefined when no file is there or it lies outside of the store. */
  readArtifact(uri: string): Promise<Readable | undefined>
  /**
   * Removes logs, scratch files and the workspace of a run.
   * @param artifacts the run's folder of artifacts, which ends with its id, where they go too
   */
  deleteRun(runId: string, artifacts?: string): Promise<void>
}

/** Why outputs of an earlier run can't be used any more: the first artifact that is gone or changed. */
export async function damageOfOutputs(store: RunStore, outputs: TaskOutputs): Promise<string | undefined> {
  for (const artifact of Object.values(outputs.artifacts).flat()) {
    const damage = await store.damageOf(artifact)
    if (damage) return damage
  }
  return undefined
}

/** Attempts by the names of their logs. */
export function attemptsOf(names: readonly string[]): number[] {
  return names.map((name) => Number(/^attempt-(\d+)\.log$/.exec(name)?.[1])).filter(Number.isInteger)
}
