/** The next instants of a schedule for people: in its zone, in UTC, and what daylight saving does to them. Pure. */

import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { compileSchedule, type Schedule } from '../../engine/schedule/compile-schedule.ts'
import { formatInstant } from '../../engine/schedule/run-names.ts'
import { nextSlot, type Slot } from '../../engine/schedule/slots.ts'
import { alignColumns } from '../align-columns.ts'

export interface NextRow {
  readonly logicalDate: string
  readonly local: string
  readonly runAfter: string
  readonly note?: string
}

export function nextRows(
  name: string,
  spec: ScheduledRunSpec,
  schedule: Schedule,
  after: number,
  count: number,
): NextRow[] {
  const variant = (dst: ScheduledRunSpec['dst']) =>
    compileSchedule(name, { ...spec, dst: { ...spec.dst, ...dst } }, schedule.createdAt).schedule ?? schedule
  const [skipping, both] = [variant({ gap: 'Skip' }), variant({ overlap: 'Both' })]
  const rows: NextRow[] = []
  for (let slot = nextSlot(schedule, after); slot && rows.length < count; slot = nextSlot(schedule, slot.logicalDate)) {
    const note = noteOf(slot, schedule, skipping, both)
    rows.push({
      logicalDate: formatInstant(slot.logicalDate),
      local: inZone(slot.logicalDate, schedule.zone.name),
      runAfter: formatInstant(slot.runAfter),
      ...(note ? { note } : {}),
    })
  }
  return rows
}

/** Found by asking the other policy: an instant that Skip doesn't have was moved, one that Both has an hour earlier happens twice. */
function noteOf({ logicalDate }: Slot, schedule: Schedule, skipping: Schedule, both: Schedule): string | undefined {
  if (schedule.kind !== 'cron') return undefined
  if (skipping.ticks.previous(logicalDate + 1) !== logicalDate)
    return 'the clock skips this time on that day: moved by the gap'
  const { spans } = schedule.zone
  const index = schedule.zone.spanIndexAt(logicalDate)
  const overlap = (spans[index - 1]?.offsetMillis ?? 0) - spans[index]!.offsetMillis
  const second = index > 0 && overlap > 0 && logicalDate < spans[index]!.from + overlap
  if (!second || both.ticks.previous(logicalDate - overlap + 1) !== logicalDate - overlap) return undefined
  const twice = schedule.ticks.previous(logicalDate - overlap + 1) === logicalDate - overlap
  return `this time happens twice on that day: ${twice ? 'this is the second run' : 'run at the later one'}`
}

function inZone(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(at)
  const offset =
    new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).format(at).split('GMT')[1] || '+00:00'
  return `${parts}${offset}`
}

export function nextTable(rows: readonly NextRow[], zone: string): string {
  if (rows.length === 0) return 'no instant is left\n'
  const intervals = rows.some((row) => row.runAfter !== row.logicalDate)
  const columns = (row: NextRow) => [row.local, row.logicalDate, ...(intervals ? [row.runAfter] : []), row.note ?? '']
  const table = [
    [`LOGICAL DATE, ${zone}`, 'UTC', ...(intervals ? ['RUNS AT (UTC)'] : []), 'NOTE'],
    ...rows.map(columns),
  ]
  return alignColumns(table)
}
