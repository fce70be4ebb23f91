/** Pauses and resumes a schedule of the database. Before: the two commands. */
import { type DatabaseArgs, requireSchedule, withDatabase } from './open.ts'

export async function switchSchedule(args: DatabaseArgs, name: string, on: boolean): Promise<void> {
  await withDatabase(args, async (metadata) => {
    const { recurring_run_id: id } = await requireSchedule(metadata, name)
    const now = metadata.now()
    await metadata.transaction(async (db) => {
      await db
        .updateTable('recurring_runs')
        .set({ enabled: on ? 1 : 0, updated_at: now })
        .where('recurring_run_id', '=', id)
        .execute()
      if (on)
        await db.updateTable('schedules').set({ resume_requested_at: now }).where('recurring_run_id', '=', id).execute()
    })
    process.stdout.write(on ? `schedule ${name} goes on\n` : `schedule ${name} is paused; its runs go on\n`)
  })
}
