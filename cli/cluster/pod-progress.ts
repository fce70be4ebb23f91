/** Progress of a run on a cluster, from its status and its pods: a live tree on a terminal, lines elsewhere. Before: follow-run.ts. */
import type { RunReport, TaskReport, TaskStateWord } from '../../api/run-report.ts'
import type { PipelineRun } from '../../client/runs.ts'
import type { TaskPod } from '../../client/task-pod.ts'
import { shortPath } from '../../local/progress/plain.ts'
import { fitLine, formatDuration, styleFor } from '../../local/progress/terminal.ts'
import { drawTree } from '../../local/progress/tree.ts'

export interface RunProgress {
  run(run: PipelineRun): void
  pod(pod: TaskPod): void
  /** Draws the last state; call it before anything else is printed. */
  end(): void
}

export function runProgressOn(stream: NodeJS.WriteStream): RunProgress {
  return stream.isTTY && process.env['TERM'] !== 'dumb'
    ? liveRunProgress(stream)
    : plainRunProgress((line) => void stream.write(`${line}\n`))
}

/** One line an event. */
export function plainRunProgress(write: (line: string) => void): RunProgress {
  const told = new Map<string, string>()
  let last = ''
  const tell = (key: string, line: string): void => {
    if (told.get(key) !== line) write(line)
    told.set(key, line)
  }
  return {
    run({ status }) {
      const { phase = 'Pending', progress, message = 'the operator has not looked at it yet' } = status ?? {}
      const line = `${phase}: ${message.split('\n')[0]}`
      // How many run is told by the tasks themselves.
      const news = line.replace(/\d+ tasks? runs?/, 'tasks run')
      if (news !== last) write(`${line}${progress ? ` (${progress})` : ''}`)
      last = news
    },
    pod(pod) {
      const line = podLine(pod)
      if (line) tell(`${pod.path}#${pod.attempt}`, line)
    },
    end: () => undefined,
  }
}

function podLine({ path, attempt, phase, reason, startTime, endTime }: TaskPod): string | undefined {
  const name = `${shortPath(path)}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
  const took = startTime && endTime ? ` in ${formatDuration(Date.parse(endTime) - Date.parse(startTime))}` : ''
  if (phase === 'Running') return `${name}  started`
  if (phase === 'Succeeded') return `${name}  succeeded${took}`
  if (phase === 'Failed') return `${name}  failed${took}${reason ? `: ${reason}` : ''}`
  // Starting takes a moment; only what keeps it from starting is news.
  return reason && !/^(ContainerCreating|PodInitializing)/.test(reason) ? `${name}  waits: ${reason}` : undefined
}

const FRAME_MILLIS = 250

function liveRunProgress(stream: NodeJS.WriteStream): RunProgress {
  const style = styleFor(stream)
  const pods = new Map<string, TaskPod>()
  let run: PipelineRun | undefined
  let drawn = 0
  const draw = () => {
    if (!run) return
    const view = { width: stream.columns || 80, height: stream.rows || 24, now: Date.now(), style }
    const { phase = 'Pending', progress = '', message = '' } = run.status ?? {}
    const head = `${run.metadata.name}  ${phase}  ${progress}  ${message.split('\n')[0]}`
    const [, ...tasks] = drawTree(podReport(run, pods.values()), view)
    stream.write(
      `${drawn > 0 ? `\x1b[${drawn}A\x1b[0J` : ''}${[style.bold(fitLine(head, view.width)), ...tasks].join('\n')}\n`,
    )
    drawn = tasks.length + 1
  }
  const timer = setInterval(draw, FRAME_MILLIS)
  return {
    run(now) {
      run = now
    },
    pod: (pod) => void pods.set(`${pod.path}#${pod.attempt}`, pod),
    end() {
      clearInterval(timer)
      draw()
    },
  }
}

const STATES: Readonly<Record<string, TaskStateWord>> = {
  Pending: 'PENDING',
  Running: 'RUNNING',
  Succeeded: 'SUCCEEDED',
  Failed: 'FAILED',
}

/** Tasks that have a pod, by the last attempt of each. */
export function podReport({ metadata, status }: PipelineRun, pods: Iterable<TaskPod>): RunReport {
  const newest = new Map<string, TaskPod>()
  for (const pod of pods) if ((newest.get(pod.path)?.attempt ?? 0) <= pod.attempt) newest.set(pod.path, pod)
  return {
    runId: metadata.uid ?? '',
    pipeline: status?.pipeline ?? metadata.name,
    state: 'RUNNING',
    outputs: {},
    tasks: [...newest.values()].map(taskOf),
  }
}

function taskOf({ path, attempt, phase, reason, startTime, endTime }: TaskPod): TaskReport {
  return {
    path,
    name: path.split('/').at(-1)!,
    state: STATES[phase] ?? 'RUNNING',
    cached: false,
    attempts: attempt,
    ...(startTime ? { startTime } : {}),
    ...(endTime ? { endTime } : {}),
    outputs: { parameters: {}, artifacts: {} },
    ...(reason ? { error: { code: 'pod', message: reason } } : {}),
  }
}
