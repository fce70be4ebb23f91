import { describe, expect, test } from 'vitest'
import { checkMacros, expandMacros, macroValuesOf } from './macros.ts'
import { at } from './testing.ts'
import { loadZone } from './zone.ts'

const slot = {
  logicalDate: at('2026-03-07T23:00:00Z'),
  intervalStart: at('2026-03-07T23:00:00Z'),
  intervalEnd: at('2026-03-08T23:00:00Z'),
  runAfter: at('2026-03-08T23:00:00Z'),
}
const plan = { name: 'r', kind: 'scheduled' as const, slot, logicalDate: slot.logicalDate, index: 7, held: false }
const values = macroValuesOf(plan, loadZone('Europe/Zurich')!, 'run-1', at('2026-03-08T23:00:04Z'))

const rows: [text: string, expanded: string][] = [
  ['[[ds]] [[ds_nodash]] [[ds_local]]', '2026-03-07 20260307 2026-03-08'],
  ['[[ts]]', '2026-03-07T23:00:00+00:00'],
  ['[[data_interval_start]]/[[data_interval_end]]', '2026-03-07T23:00:00Z/2026-03-08T23:00:00Z'],
  ['day=[[logical_date.%d.%m.%y %H:%M]]', 'day=07.03.26 23:00'],
  ['[[run_after.%A %j %%]]', 'Sunday 067 %'],
  ['[[index]] [[Index]] [[run_id]] [[RunUUID]]', '7 7 run-1 run-1'],
  ['[[ScheduledTime]] [[CurrentTime]]', '20260308230000 20260308230004'],
  ['FOO [[ScheduledTime.15-04-05]] FOO', 'FOO 23-00-00 FOO'],
  ['[[CurrentTime.Mon Jan _2 2006 3:04PM]]', 'Sun Mar  8 2026 11:00PM'],
  ["{{$.scheduledTime.strftime('%Y-%m')}}", '2026-03'],
  ['[[nothing]] [[ds.%Y]] {{$.other}}', '[[nothing]] [[ds.%Y]] {{$.other}}'],
]

describe('macros', () => {
  test.each(rows)('%s', (text, expanded) => {
    expect(expandMacros(text, values)).toBe(expanded)
  })

  test('in every string of a value, and nowhere else', () => {
    expect(expandMacros({ a: ['[[ds]]', 1, null], b: { c: true } }, values)).toEqual({
      a: ['2026-03-07', 1, null],
      b: { c: true },
    })
  })

  test('a word that is no macro is warned about', () => {
    expect(checkMacros({ a: ['[[dss]]'] }, 'spec.runTemplate.parameters')).toMatchObject([
      {
        severity: 'warning',
        path: 'spec.runTemplate.parameters.a[0]',
        message: '[[dss]] is no macro and stays as it is',
      },
    ])
  })
})
