/** The commands that take a schedule with triggers say which of them do not give what the pipeline requires, and go on. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorkplace } from '../../test/errors/run-tool.ts'

const PIPELINE = `
import { defineComponent, definePipeline, macros, t, triggers } from 'kfp-ts'
const step = defineComponent({ name: 'step', inputs: { version: t.string() }, outputs: { m: t.string() }, run: ({ version }) => ({ m: version }) })
export const publish = definePipeline(
  {
    name: 'publish',
    inputs: { version: t.string() },
    schedule: {
      triggers: [triggers.alias('iris', 'champion'), triggers.webhook()],
      parameters: { version: macros.trigger.modelVersion },
    },
  },
  ({ version }) => {
    step({ version })
  },
)
`
let place: ReturnType<typeof makeWorkplace>
beforeAll(() => {
  place = makeWorkplace()
  place.write('publish.ts', PIPELINE)
})
afterAll(() => place.remove())

test.each([
  ['compile --schedule', ['compile', 'publish.ts', '--schedule', '-o', 'out.yaml']],
  ['schedule create', ['schedule', 'create', 'publish.ts']],
])('%s', async (_command, args) => {
  const { status, stderr } = await place.tool(args)
  expect(stderr).toContain('the pipeline requires a value for "version", and trigger "webhook" gives none')
  expect(stderr).toContain(
    'give "version" a default in the pipeline, or make a schedule of its own for trigger "webhook"',
  )
  expect(status).toBe(0)
})
