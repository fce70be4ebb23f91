/** Where a local run keeps its things. Layout under the root (default `.kfp-ts`): `runs/<run id>/…`, `cache/…`, `volumes/…`. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PipelineDocument } from '../api/platform-spec.ts'
import type { RunReport } from '../api/run-report.ts'
import { isMissing } from './digest.ts'
import { writeFileAtomically } from './write-file.ts'

/** Name of the folder that `--root` names by default, in the working directory. */
export const DEFAULT_ROOT = '.kfp-ts'

/** Absolute paths of one run. */
export interface RunPaths {
  readonly root: string
  readonly folder: string
  /** The pipeline as it runs (`RunManifest`). */
  readonly manifest: string
  readonly journal: string
  readonly report: string
  readonly lock: string
  /** `logs/<task path>/attempt-N.log` */
  readonly logs: string
  readonly artifacts: string
  readonly scratch: string
  readonly workspace: string
  /** What is known of started processes: `attempts/<task path>/N/…`. */
  readonly attempts: string
}

/** First file of a run: what it runs and with which settings. Written once, before the first event. */
export interface RunManifest<Config> {
  readonly formatVersion: 1
  readonly config: Config
  readonly document: PipelineDocument
  /** File that the run was started from, for people. */
  readonly source?: string
  /** How steps are run (`process` or `container`) and other choices of the command line that a resume keeps. */
  readonly options: Readonly<Record<string, string | number | boolean>>
}

export function runPaths(root: string, runId: string): RunPaths {
  const folder = join(root, 'runs', runId)
  return {
    root,
    folder,
    manifest: join(folder, 'run.json'),
    journal: join(folder, 'journal.jsonl'),
    report: join(folder, 'report.json'),
    lock: join(folder, 'lock'),
    logs: join(folder, 'logs'),
    artifacts: join(folder, 'artifacts'),
    scratch: join(folder, 'scratch'),
    workspace: join(folder, 'workspace'),
    attempts: join(folder, 'attempts'),
  }
}

/** Folder of a task below `logs`, `attempts`: its path, one folder a segment (`root/for-loop-2[3]/train`). No two tasks share one. */
export function taskFolder(base: string, task: string): string {
  const toHex = (character: string) => `%${character.codePointAt(0)!.toString(16)}`
  return join(base, ...task.split('/').map((segment) => segment.replaceAll(/[^\w.[\]-]|^\.+$/gu, toHex)))
}

export function logPath(paths: RunPaths, task: string, attempt: number): string {
  return join(taskFolder(paths.logs, task), `attempt-${attempt}.log`)
}

export async function writeManifest<Config>(paths: RunPaths, manifest: RunManifest<Config>): Promise<void> {
  await writeFileAtomically(paths.manifest, `${JSON.stringify(manifest, null, 1)}\n`)
}

/** @returns undefined when the run does not exist */
export async function readManifest<Config>(paths: RunPaths): Promise<RunManifest<Config> | undefined> {
  return readJson(paths.manifest)
}

export async function writeReport(paths: RunPaths, report: RunReport): Promise<void> {
  await writeFileAtomically(paths.report, `${JSON.stringify(report, null, 1)}\n`)
}

/** The report as it was when the run last ended or was interrupted. */
export async function readReport(paths: RunPaths): Promise<RunReport | undefined> {
  return readJson(paths.report)
}

/** Ids of all runs under a root, in no particular order. */
export async function listRunIds(root: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, 'runs'), { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
