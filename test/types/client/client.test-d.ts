/** What tsc must accept and refuse where a program runs pipelines: arguments and outputs have the pipeline's types. */
import { definePipeline, type PipelineDefinition, t } from 'kfp-ts'
import { type ArgumentsOf, Client, LocalClient, type OutputsOf } from 'kfp-ts/client'
import { list, load, train } from '../components.ts'

const client = new Client({ namespace: 'ml' })
const local = new LocalClient()

const training = definePipeline(
  {
    name: 'training',
    inputs: {
      path: t.string(),
      trees: t.integer({ default: 100 }),
      mode: t.literal(['fast', 'safe'], { default: 'fast' }),
      table: t.optional(t.dataset()),
    },
  },
  ({ path, trees }) => {
    const { outputs } = train({ data: load({ path }).output, trees })
    return { accuracy: outputs.accuracy, model: outputs.model, numbers: list().outputs.numbers }
  },
)
const nothing = definePipeline({ name: 'nothing', inputs: { n: t.integer({ default: 1 }) } }, () => {})

const run = await client.createRunFromPipelineFunc(training, {
  arguments: { path: 'a.csv', mode: 'safe', table: { uri: 's3://b/t.csv' } },
  enableCaching: false,
  reuse: 'training-x7k2p',
})
await client.createRunFromPipelineFunc(nothing)
await client.createRunFromPipelineFunc(nothing, { arguments: {} })
await local.createRunFromPipelineFunc(nothing, { timeoutMillis: 1000 })
// @ts-expect-error the argument "path" is required
await client.createRunFromPipelineFunc(training)
// @ts-expect-error the argument "path" is required
await client.createRunFromPipelineFunc(training, { arguments: { trees: 5 } })
// @ts-expect-error the argument "path" is required
await local.createRunFromPipelineFunc(training, {})
// @ts-expect-error a text where a number is wanted
await client.createRunFromPipelineFunc(training, { arguments: { path: 'a.csv', trees: 'many' } })
// @ts-expect-error there is no argument "tree"
await client.createRunFromPipelineFunc(training, { arguments: { path: 'a.csv', tree: 5 } })
// @ts-expect-error none of the literals
await client.createRunFromPipelineFunc(training, { arguments: { path: 'a.csv', mode: 'slow' } })
// @ts-expect-error an artifact needs a URI
await client.createRunFromPipelineFunc(training, { arguments: { path: 'a.csv', table: { metadata: {} } } })
// @ts-expect-error there is no setting "caching"
await client.createRunFromPipelineFunc(training, { arguments: { path: 'a.csv' }, caching: false })

const { phase, outputs } = await run.wait({ timeoutMillis: 1000 })
phase satisfies string | undefined
outputs?.accuracy satisfies number | undefined
outputs?.model.uri satisfies string | undefined
outputs?.numbers satisfies readonly number[] | undefined
// @ts-expect-error outputs may be absent: the run may have failed
outputs.accuracy.toFixed(2)
// @ts-expect-error there is no output "acuracy"
outputs?.acuracy
// @ts-expect-error a number is no text
outputs?.accuracy.toUpperCase()

const again = await client.getRun('training-x7k2p', { pipeline: training })
;(await again.wait()).outputs?.accuracy satisfies number | undefined
const report = await (await local.createRunFromPipelineFunc(training, { arguments: { path: 'a' } })).wait()
report.outputs.accuracy satisfies number

// A pipeline whose types are only known at run time takes and gives JSON.
declare const loaded: PipelineDefinition
const loose = await client.createRunFromPipelineFunc(loaded, { arguments: { anything: [1, 'two'] } })
;(await loose.wait()).outputs?.['anything']
const fromFile = await client.createRunFromFile('pipeline.yaml', { arguments: { x: 1 } })
;(await fromFile.wait()).outputs?.['x']

for await (const { status } of client.watch('x')) status?.phase satisfies string | undefined
for await (const { task, attempt, text } of run.logs({ follow: true })) `${task}${attempt.toFixed()}${text}`
// @ts-expect-error a task is named by a text
client.getLogs('x', { task: 1 })

export const given: ArgumentsOf<typeof training> = { path: 'x', trees: 3 }
export const got: (keyof OutputsOf<typeof training>)[] = ['accuracy', 'model', 'numbers']
