/** The live tree on a terminal: which lines there are to draw, from a report. Pure. */
import type { RunReport, TaskReport, TaskStateWord } from '../../api/run-report.ts'
import { fitLine, formatDuration, type Style } from './terminal.ts'

export interface TreeView {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly style: Style
}

interface Node {
  readonly name: string
  readonly task?: TaskReport
  readonly children: Map<string, Node>
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Iterations of a loop that are drawn one by one; above that they are counted. */
const UNFOLDED_ITERATIONS = 3

/** Lines of the tree, no more than the terminal is high: first go lines of tasks that are over, oldest first. */
export function drawTree(report: RunReport, view: TreeView): string[] {
  const lines = drawChildren(buildTree(report.tasks), 0, view)
  const counts = countStates(leavesOf(report.tasks))
  const head = { text: `${view.style.bold(report.pipeline)}  ${describeCounts(counts)}`, isOver: false }
  const room = Math.max(3, view.height - 2)
  let surplus = lines.length + 1 - room
  const kept = lines.filter(({ isOver }) => !(isOver && surplus-- > 0)).slice(0, room)
  return [head, ...kept].map(({ text }) => text)
}

function buildTree(tasks: readonly TaskReport[]): Node {
  const root: Node = { name: 'root', children: new Map() }
  for (const task of tasks) {
    const segments = task.path.split('/').slice(1)
    if (segments.length === 0) continue
    let node = root
    for (const segment of segments.slice(0, -1)) node = childOf(node, segment)
    const name = segments.at(-1)!
    node.children.set(name, { name, task, children: node.children.get(name)?.children ?? new Map() })
  }
  return foldIterations(root)
}

function childOf(node: Node, name: string): Node {
  const found = node.children.get(name) ?? { name, children: new Map() }
  node.children.set(name, found)
  return found
}

/** `loop[0]`, `loop[1]` … move below `loop`. */
function foldIterations(node: Node): Node {
  const children = new Map<string, Node>()
  for (const child of node.children.values()) {
    const folded = foldIterations(child)
    const loop = /^(.*)\[\d+\]$/.exec(child.name)?.[1]
    if (loop === undefined)
      children.set(child.name, {
        ...folded,
        children: new Map([...folded.children, ...(children.get(child.name)?.children ?? [])]),
      })
    else childOf({ ...node, children }, loop).children.set(child.name, folded)
  }
  return { ...node, children }
}

interface Line {
  readonly text: string
  readonly isOver: boolean
}

function drawChildren(node: Node, depth: number, view: TreeView): Line[] {
  const children = [...node.children.values()]
  const iterations = children.filter(({ name }) => name.endsWith(']'))
  const isFolded = iterations.length > UNFOLDED_ITERATIONS
  const drawn = isFolded ? children.filter((child) => !child.name.endsWith(']') || isOfInterest(child)) : children
  const summary = isFolded ? [drawFolded(iterations, depth, view)] : []
  return [
    ...summary,
    ...drawn.flatMap((child) => [drawNode(child, depth, view), ...drawChildren(child, depth + 1, view)]),
  ]
}

function drawFolded(iterations: readonly Node[], depth: number, { style, width }: TreeView): Line {
  const counts = countStates(iterations.map((node) => ({ state: stateOf(node) })))
  const text = `${'  '.repeat(depth)}${iterations.length} iterations: ${describeCounts(counts)}`
  return { text: style.dim(fitLine(text, width)), isOver: false }
}

function drawNode(node: Node, depth: number, view: TreeView): Line {
  const { style, now, width } = view
  const state = stateOf(node)
  const attempts = (node.task?.attempts ?? 0) > 1 ? ` attempt ${node.task!.attempts}` : ''
  const error = node.task?.error && node.children.size === 0 ? ` ${node.task.error.message.split('\n')[0]}` : ''
  const waits = node.task?.waitingFor === undefined ? '' : ` waits: ${node.task.waitingFor}`
  const text = fitLine(
    `${'  '.repeat(depth)}${markOf(state, now)} ${node.task?.name ?? node.name}${elapsed(node.task, now)}${attempts}${waits}${error}`,
    width,
  )
  return { text: colorOf(state, style)(text), isOver: state !== 'RUNNING' && state !== 'FAILED' }
}

function elapsed(task: TaskReport | undefined, now: number): string {
  if (!task?.startTime || task.state === 'SKIPPED' || task.state === 'CACHED')
    return task?.state === 'CACHED' ? ' (cached)' : ''
  const end = task.endTime === undefined ? now : Date.parse(task.endTime)
  return ` ${formatDuration(end - Date.parse(task.startTime))}`
}

/** A group that has no report of its own stands for its children. */
function stateOf(node: Node): TaskStateWord {
  if (node.task) return node.task.state
  const states = [...node.children.values()].map(stateOf)
  for (const word of ['RUNNING', 'FAILED', 'PENDING', 'CANCELED'] as const) if (states.includes(word)) return word
  return states.every((state) => state === 'SKIPPED') ? 'SKIPPED' : 'SUCCEEDED'
}

function isOfInterest(node: Node): boolean {
  return stateOf(node) === 'RUNNING' || stateOf(node) === 'FAILED'
}

function markOf(state: TaskStateWord, now: number): string {
  const marks: Readonly<Record<TaskStateWord, string>> = {
    PENDING: '·',
    RUNNING: FRAMES[Math.floor(now / 100) % FRAMES.length]!,
    SUCCEEDED: '✓',
    CACHED: '✓',
    FAILED: '✗',
    SKIPPED: '-',
    CANCELED: '■',
  }
  return marks[state]
}

function colorOf(state: TaskStateWord, style: Style): (text: string) => string {
  if (state === 'SUCCEEDED' || state === 'CACHED') return style.green
  if (state === 'FAILED') return style.red
  if (state === 'RUNNING') return style.cyan
  return style.dim
}

/** Tasks that hold no others. */
export function leavesOf(tasks: readonly TaskReport[]): TaskReport[] {
  const groups = new Set<string>()
  for (const { path } of tasks) {
    const parent = path.slice(0, path.lastIndexOf('/'))
    groups.add(parent).add(parent.replace(/\[\d+\]$/, ''))
  }
  return tasks.filter(({ path }) => !groups.has(path) && !/\[\d+\]$/.test(path))
}

function countStates(tasks: readonly { readonly state: TaskStateWord }[]): Map<TaskStateWord, number> {
  const counts = new Map<TaskStateWord, number>()
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}

function describeCounts(counts: ReadonlyMap<TaskStateWord, number>): string {
  const words: readonly (readonly [TaskStateWord, string])[] = [
    ['SUCCEEDED', 'done'],
    ['CACHED', 'cached'],
    ['RUNNING', 'running'],
    ['FAILED', 'failed'],
    ['SKIPPED', 'skipped'],
    ['CANCELED', 'canceled'],
    ['PENDING', 'waiting'],
  ]
  return words.flatMap(([state, word]) => (counts.has(state) ? [`${counts.get(state)} ${word}`] : [])).join(', ')
}
