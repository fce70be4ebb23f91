/** Finds the line and column of paths, from the parser's events. Runs only when there is something to report. */
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml'
import type { SourceLocation } from '../issue.ts'
import type { Path } from './findings.ts'
import { camelCase } from './read-message.ts'
import { offsetOf, type Tree } from './yaml-tree.ts'

/** Paths to look for, as a tree; `offset` is where the path's key (or list item) stands. */
interface Wanted {
  readonly children: Map<string | number, Wanted>
  offset?: number
}

/** Looks up many paths of one document in one pass. */
export class Locator {
  readonly #tree: Tree
  readonly #root: Wanted = { children: new Map() }

  constructor(tree: Tree) {
    this.#tree = tree
  }

  want(path: Path): void {
    let node = this.#root
    for (const part of path) {
      let child = node.children.get(part)
      if (!child) {
        child = { children: new Map() }
        node.children.set(part, child)
      }
      node = child
    }
  }

  /** Reads the events of the document that starts at `firstEvent`. Call it once, after the last {@link want}. */
  run(firstEvent: number): void {
    this.#visit(firstEvent + 1, this.#root)
  }

  /** @returns the offset of the path, or of the nearest thing around it that exists */
  offsetOf(path: Path): number {
    let node = this.#root
    let best = node.offset ?? 0
    for (const part of path) {
      const child = node.children.get(part)
      if (child?.offset === undefined) break
      best = child.offset
      node = child
    }
    return best
  }

  /** @returns the index after the value that starts at `index` */
  #visit(index: number, wanted: Wanted): number {
    const event = this.#tree.events[index]
    if (event === undefined || event.type === EVENT_ID.POP) return index + 1
    wanted.offset ??= offsetOf(event)
    if (event.type === EVENT_ID.SEQUENCE) return this.#visitItems(index + 1, wanted)
    if (event.type === EVENT_ID.MAPPING) return this.#visitEntries(index + 1, wanted)
    return index + 1
  }

  #visitItems(start: number, wanted: Wanted): number {
    let index = start
    for (let position = 0; this.#typeAt(index) !== EVENT_ID.POP; position++) {
      const child = wanted.children.get(position)
      index = child ? this.#visit(index, child) : this.#skip(index)
    }
    return index + 1
  }

  #visitEntries(start: number, wanted: Wanted): number {
    let index = start
    while (this.#typeAt(index) !== EVENT_ID.POP) {
      const keyEvent = this.#tree.events[index]!
      const child = this.#childOf(wanted, keyEvent)
      const valueIndex = this.#skip(index)
      if (child && child.offset === undefined) {
        child.offset = offsetOf(keyEvent)
        index = this.#visit(valueIndex, child)
      } else {
        index = this.#skip(valueIndex)
      }
    }
    return index + 1
  }

  /** Paths use lowerCamelCase field names; the file may have snake_case. */
  #childOf(wanted: Wanted, keyEvent: Event): Wanted | undefined {
    if (wanted.children.size === 0 || keyEvent.type !== EVENT_ID.SCALAR || keyEvent.valueStart < 0) return undefined
    const key = getScalarValue(this.#tree.text, keyEvent)
    return wanted.children.get(key) ?? wanted.children.get(camelCase(key))
  }

  #typeAt(index: number): number {
    return this.#tree.events[index]?.type ?? EVENT_ID.POP
  }

  #skip(start: number): number {
    let index = start
    let depth = 0
    do {
      const type = this.#tree.events[index]?.type
      if (type === undefined) return index
      if (type === EVENT_ID.POP) depth--
      else if (type !== EVENT_ID.SCALAR && type !== EVENT_ID.ALIAS) depth++
      index++
    } while (depth > 0)
    return index
  }
}

/** Turns many offsets of one text into lines and columns, counted from 1. */
export function lineStarts(text: string): number[] {
  const starts = [0]
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) starts.push(index + 1)
  return starts
}

export function placeOf(starts: readonly number[], offset: number): Required<Pick<SourceLocation, 'line' | 'column'>> {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - starts[low]! + 1 }
}
