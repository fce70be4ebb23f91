import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { openRequests } from '../../store/metadata/schedules.ts'
import { createSchedule } from '../schedules/create-schedule.ts'
import { command } from './schedule-run-now.ts'

let folder: string
let database: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-run-now-'))
  database = join(folder, 'metadata.db')
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

test('values that do not fit the pipeline are refused with the name of the input, and nothing is asked for', async () => {
  const metadata = await openMetadata({ url: database })
  try {
    await ensureDefaultExperiment(metadata.db, 0)
    const root = { dag: { tasks: {} }, inputDefinitions: { parameters: { n: { parameterType: 'NUMBER_INTEGER' } } } }
    const spec = { pipelineInfo: { name: 'report' }, schemaVersion: '2.1.0', components: {}, root }
    const { id } = await createSchedule(metadata, {
      name: 'nightly',
      spec: { schedule: { cron: '@daily' }, runTemplate: { parameters: { n: 1 } } },
      document: { spec } as never,
    })
    const ask = async (param: string) =>
      await command.handler({ name: 'nightly', root: folder, database, date: undefined, param: [param] } as never)
    await expect(ask('n=many')).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining("'n' must be NUMBER_INTEGER"),
    })
    expect(await openRequests(metadata.db, id)).toEqual([])
    await ask('n=2')
    expect(await openRequests(metadata.db, id)).toHaveLength(1)
  } finally {
    await metadata.close()
  }
})
