/** An executor without an engine: each run has one task `add` that ends as the run's name says. Records as real ones do. */

import type { RunReport, TaskStateWord } from '../../api/run-report.ts'
import type { RunExecutor, RunRequest } from '../../server/run-executor.ts'
import type { ServeOptions } from '../../server/start.ts'
import { RunRecorder } from '../../store/metadata/record-run.ts'

/** `fail…` fails at first and succeeds when it is retried, `hang…` waits for its cancellation, others succeed. */
export const scriptedExecutor: NonNullable<ServeOptions['executor']> = ({ metadata, events }) => {
  const recorder = new RunRecorder(metadata, (runId) => events.changed(runId))
  const hanging = new Set<string>()

  const record = (run: RunRequest, state: RunReport['state'], task: TaskStateWord, error?: RunReport['error']) =>
    recorder.record({
      runId: run.runId,
      pipeline: 'my-pipe',
      state,
      outputs: {},
      ...(error && { error }),
      tasks: [
        {
          path: 'root/add',
          name: 'add',
          state: task,
          cached: false,
          attempts: 1,
          startTime: new Date().toISOString(),
          outputs: {
            parameters: {},
            artifacts:
              task === 'SUCCEEDED'
                ? {
                    metrics: [
                      {
                        name: 'metrics',
                        type: { schemaTitle: 'system.Metrics' },
                        uri: '/m',
                        metadata: { accuracy: 0.9 },
                      },
                    ],
                  }
                : {},
          },
        },
      ],
    })

  const start = async (run: RunRequest, retried: boolean): Promise<void> => {
    await record(run, 'RUNNING', 'RUNNING')
    if (run.displayName.startsWith('hang')) hanging.add(run.runId)
    else if (run.displayName.startsWith('fail') && !retried) {
      await record(run, 'FAILED', 'FAILED', { code: 'application', message: 'boom', task: 'root/add' })
    } else await record(run, 'SUCCEEDED', 'SUCCEEDED')
  }
  const executor: RunExecutor = {
    start: (run) => start(run, false),
    retry: (run) => start(run, true),
    cancel: async (runId) => {
      if (!hanging.delete(runId)) return
      await recorder.record({ runId, pipeline: 'my-pipe', state: 'CANCELED', outputs: {}, tasks: [] })
    },
    remove: async () => {},
    logs: async () => undefined,
    waiting: async () => [],
  }
  return executor
}
