/** What every `kfp-ts schedule` command shares: the database of `kfp-ts serve`, and refusals as issues with a remedy. */
import { join, resolve } from 'node:path'
import type { Argv } from 'yargs'
import { InvalidInputError } from '../../api/issue.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { MetadataError } from '../../store/metadata/errors.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { type FullSchedule, findSchedule, listSchedules } from '../../store/metadata/schedules.ts'
import { DEFAULT_ROOT } from '../../store/run-folder.ts'
import { usageIssue } from '../errors.ts'

export interface DatabaseArgs {
  readonly root: string
  readonly database: string | undefined
}

export function withDatabaseOptions<T>(yargs: Argv<T>): Argv<T & DatabaseArgs> {
  return yargs
    .option('root', { type: 'string', default: DEFAULT_ROOT, describe: 'Folder of `kfp-ts serve`' })
    .option('database', { type: 'string', describe: 'Its database, where that is not ROOT/metadata.db' }) as Argv<
    T & DatabaseArgs
  >
}

/** Refusals of the store (a name that is taken, a schedule that is not there) leave with status 2. */
export async function withDatabase<R>(args: DatabaseArgs, work: (metadata: Metadata) => Promise<R>): Promise<R> {
  const metadata = await openMetadata({
    url: args.database ?? process.env['KFP_TS_DATABASE_URL'] ?? join(resolve(args.root), 'metadata.db'),
  })
  try {
    await ensureDefaultExperiment(metadata.db, metadata.now())
    return await work(metadata)
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error
    const hint = error.code === 'not-found' ? '"kfp-ts schedule list" lists the schedules' : undefined
    throw new InvalidInputError([usageIssue(error.code, error.message, hint)])
  } finally {
    await metadata.close()
  }
}

/** The schedule of that name, also one that was made through KFP's API a moment ago. */
export async function requireSchedule(metadata: Metadata, name: string): Promise<FullSchedule> {
  await listSchedules(metadata.db)
  return await findSchedule(metadata.db, '', name)
}

/** A date is midnight in UTC. Throws InvalidInputError for what is neither a date nor a time. */
export function readInstant(text: string, option: string): number {
  const at = parseRfc3339(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  if (at !== undefined) return at
  throw new InvalidInputError([
    usageIssue('invalid-time', `${option} ${text}: this is no time`, 'write 2026-01-31 or 2026-01-31T06:00:00+01:00'),
  ])
}
