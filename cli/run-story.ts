/** The text of `kfp-ts describe`, the same for runs of this machine and of a cluster. Pure. */
import type { JsonValue } from '../api/json.ts'
import { shortPath } from '../local/progress/plain.ts'
import { formatDuration, type Style } from '../local/progress/terminal.ts'

export interface RunStory {
  readonly name: string
  readonly state: string
  readonly progress?: string | undefined
  readonly message?: string | undefined
  readonly pipeline: string
  /** Epoch milliseconds. */
  readonly startedAt?: number | undefined
  readonly endedAt?: number | undefined
  /** More about the run, one line each. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly arguments: Readonly<Record<string, JsonValue>>
  readonly outputs: Readonly<Record<string, JsonValue>>
  /** Failed, or waiting for longer than usual. */
  readonly attention: readonly { readonly task: string; readonly text: string }[]
  readonly tasks: readonly TaskStory[]
  /** What can't be shown and why. */
  readonly note?: string | undefined
  readonly events: readonly { readonly time: string; readonly text: string }[]
  /** Commands that are likely next. */
  readonly next: readonly string[]
}

export interface TaskStory {
  readonly task: string
  readonly state: string
  readonly text: string
  /** Told when there was more than one, or one that did not end well. */
  readonly attempts: readonly string[]
}

const MOST_TASKS = 100
const MOST_EVENTS = 10

export function storyLines(story: RunStory, now: number, style: Style): string[] {
  const tasks = story.tasks.slice(0, MOST_TASKS)
  const nameWidth = Math.min(60, Math.max(0, ...tasks.map(({ task }) => shortPath(task).length)))
  return [
    `${style.bold(story.name)}  ${story.state}${story.progress ? `  ${story.progress}` : ''}`,
    ...(story.message ? story.message.split('\n').map((line) => `  ${line}`) : []),
    ...factLines(story, now),
    ...section(
      'To look at',
      story.attention.map(({ task, text }) => style.yellow(`  ${shortPath(task)}: ${text.split('\n').join('\n    ')}`)),
    ),
    ...section('Tasks', [
      ...tasks.flatMap(({ task, state, text, attempts }) => [
        `  ${state.padEnd(10)} ${shortPath(task).padEnd(nameWidth)}  ${text}`.trimEnd(),
        ...attempts.map((line) => style.dim(`${' '.repeat(13)}${line}`)),
      ]),
      ...(story.tasks.length > tasks.length
        ? [`  … and ${story.tasks.length - tasks.length} more (--json has all)`]
        : []),
      ...(story.note ? [style.dim(`  ${story.note}`)] : []),
    ]),
    ...section(
      'Events',
      story.events.slice(-MOST_EVENTS).map(({ time, text }) => `  ${time.slice(11, 19)}  ${text.split('\n')[0]}`),
    ),
    ...section(
      'Next',
      story.next.map((line) => `  ${line}`),
    ),
  ]
}

function factLines(story: RunStory, now: number): string[] {
  const { startedAt, endedAt } = story
  const time = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`
  const when =
    startedAt === undefined
      ? []
      : ([
          ['started', time(startedAt)],
          endedAt === undefined
            ? ['for', formatDuration(now - startedAt)]
            : ['ended', `${time(endedAt)}, after ${formatDuration(endedAt - startedAt)}`],
        ] as const)
  const facts = [['pipeline', story.pipeline] as const, ...when, ...story.facts]
  return [
    ...facts.map(([name, value]) => `  ${`${name}:`.padEnd(11)}${value}`),
    ...values('arguments', story.arguments),
    ...values('outputs', story.outputs),
  ]
}

function values(title: string, all: Readonly<Record<string, JsonValue>>): string[] {
  const entries = Object.entries(all)
  return entries.length === 0 ? [] : [`  ${title}:`, ...entries.map(([name, value]) => `    ${name} = ${short(value)}`)]
}

function short(value: JsonValue): string {
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines]
