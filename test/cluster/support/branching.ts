/** A pipeline with a loop, conditions, a retry and an exit handler; every start of a step leaves a line in the store. */
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { PipelineRun } from '../../../client/runs.ts'
import type { Place } from './cluster.ts'

/** Folder of the mounted claim that the marks go to, whatever the store of the artifacts is. */
const MARKS = 'marks'
const MARKS_MOUNT = '/marks'

/** Makes the folder of the marks, writable for steps. */
export async function prepareMarks(place: Place): Promise<void> {
  const folder = join(place.store, MARKS)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o777)
}

/** `step retryIndex` of every start that the run's pods marked, sorted. */
export async function startsOf(place: Place, run: PipelineRun): Promise<string[]> {
  const text = await readFile(join(place.store, MARKS, run.metadata.uid ?? ''), 'utf8')
  const lines = text.trim().split('\n')
  return lines.map((line) => line.split(' ').slice(0, 2).join(' ')).sort()
}

const container = (body: string, args: readonly string[] = []) => ({
  container: {
    image: 'busybox:latest',
    command: [
      'sh',
      '-ec',
      `echo "$1 $KFP_RETRY_INDEX $KFP_POD_NAME" >> ${MARKS_MOUNT}/$KFP_RUN_ID; OUT="$0"; ${body}\n[ -e "$OUT" ] || printf ok > "$OUT"`,
      "{{$.outputs.parameters['out'].output_file}}",
    ],
    args,
  },
})
const STRING = { parameterType: 'STRING' }
const leaf = (executorLabel: string, inputs: readonly string[] = []) => ({
  executorLabel,
  ...(inputs.length > 0
    ? { inputDefinitions: { parameters: Object.fromEntries(inputs.map((name) => [name, STRING])) } }
    : {}),
  outputDefinitions: { parameters: { out: STRING } },
})
const call = (name: string, extra: object = {}) => ({
  taskInfo: { name },
  componentRef: { name: `comp-${name}` },
  cachingOptions: {},
  ...extra,
})
const ITEM = 'pipelinechannel--loop-item-param-1'

/**
 * first -> for each item: work (fails once, retried), then only for even items: even -> last; cleanup in the end.
 * `claim` is mounted for the marks. Starts: first, `items` times work twice, items/2 times even, last, cleanup.
 */
export function branchingPipeline(items: number, claim = 'store'): string {
  const loopInput = { componentInputParameter: ITEM }
  const values = Array.from({ length: items }, (_, index) => (index % 2 === 0 ? `even-${index}` : `odd-${index}`))
  const workItem = "work-{{$.inputs.parameters['item']}}"
  const spec = stringify({
    pipelineInfo: { name: 'branching' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.14.3',
    deploymentSpec: {
      executors: {
        'exec-first': container('true', ['first']),
        'exec-work': container(
          '[ "$KFP_RETRY_INDEX" != 0 ] || exit 3; case "$2" in even*) printf even > "$OUT";; *) printf odd > "$OUT";; esac',
          [workItem, "{{$.inputs.parameters['item']}}"],
        ),
        'exec-even': container('true', ["even-{{$.inputs.parameters['item']}}"]),
        'exec-last': container('printf finished > "$OUT"', ['last']),
        'exec-cleanup': container('true', ['cleanup']),
      },
    },
    components: {
      'comp-first': leaf('exec-first'),
      'comp-work': leaf('exec-work', ['item']),
      'comp-even': leaf('exec-even', ['item']),
      'comp-last': leaf('exec-last'),
      'comp-cleanup': leaf('exec-cleanup'),
      'comp-condition-3': {
        inputDefinitions: { parameters: { [ITEM]: STRING, 'pipelinechannel--work-out': STRING } },
        dag: { tasks: { even: call('even', { inputs: { parameters: { item: loopInput } } }) } },
      },
      'comp-for-loop-2': {
        inputDefinitions: { parameters: { [ITEM]: STRING } },
        dag: {
          tasks: {
            work: call('work', {
              inputs: { parameters: { item: loopInput } },
              retryPolicy: { maxRetryCount: 2, backoffDuration: '0s', backoffFactor: 2 },
            }),
            'condition-3': {
              taskInfo: { name: 'condition-3' },
              componentRef: { name: 'comp-condition-3' },
              dependentTasks: ['work'],
              inputs: {
                parameters: {
                  [ITEM]: loopInput,
                  'pipelinechannel--work-out': {
                    taskOutputParameter: { producerTask: 'work', outputParameterKey: 'out' },
                  },
                },
              },
              triggerPolicy: { condition: "inputs.parameter_values['pipelinechannel--work-out'] == 'even'" },
            },
          },
        },
      },
      'comp-exit-handler-1': {
        outputDefinitions: { parameters: { last: STRING } },
        dag: {
          outputs: {
            parameters: { last: { valueFromParameter: { producerSubtask: 'last', outputParameterKey: 'out' } } },
          },
          tasks: {
            first: call('first'),
            'for-loop-2': {
              taskInfo: { name: 'for-loop-2' },
              componentRef: { name: 'comp-for-loop-2' },
              dependentTasks: ['first'],
              parameterIterator: { itemInput: ITEM, items: { raw: JSON.stringify(values) } },
            },
            last: call('last', { dependentTasks: ['for-loop-2'] }),
          },
        },
      },
    },
    root: {
      outputDefinitions: { parameters: { last: STRING } },
      dag: {
        outputs: {
          parameters: {
            last: { valueFromParameter: { producerSubtask: 'exit-handler-1', outputParameterKey: 'last' } },
          },
        },
        tasks: {
          'exit-handler-1': { taskInfo: { name: 'exit-handler-1' }, componentRef: { name: 'comp-exit-handler-1' } },
          cleanup: call('cleanup', {
            dependentTasks: ['exit-handler-1'],
            triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' },
          }),
        },
      },
    },
  })
  const mount = { pvcMount: [{ constant: claim, mountPath: MARKS_MOUNT, subPath: MARKS }] }
  const executors = Object.fromEntries(
    ['first', 'work', 'even', 'last', 'cleanup'].map((key) => [`exec-${key}`, mount]),
  )
  return `${spec}---\n${stringify({ platforms: { kubernetes: { deploymentSpec: { executors } } } })}`
}

/** `step retryIndex` of every start that has to happen exactly once, sorted. */
export function expectedStarts(items: number): string[] {
  const starts = ['first 0', 'last 0', 'cleanup 0']
  for (let index = 0; index < items; index++) {
    const item = index % 2 === 0 ? `even-${index}` : `odd-${index}`
    starts.push(`work-${item} 0`, `work-${item} 1`)
    if (index % 2 === 0) starts.push(`even-${item} 0`)
  }
  return starts.sort()
}
