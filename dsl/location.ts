/** Finds the line of the author's source that called into the dsl, so that a mistake names its place. Used by everything that records. */
import type { SourceLocation } from '../api/issue.ts'

/** A moment in the author's code; its place is worked out only when somebody asks. */
export interface CallSite {
  readonly stack?: string
}

const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/

/** Part of the path of a bundled author's file: frames that still name it are helpers that the bundler added. */
export const LOADED_FOLDER = '/kfp-ts-load-'
const JOINED = /\/kfp-ts-load-[^/]*\/file:\/*(\/.*)$/

/** Directory of the dsl's own files, as they stand in stack traces. */
const OWN_DIRECTORY = directoryOf(framesOf(new Error('own place').stack ?? '')[0]?.file ?? '')

/** Remembers where the author's code is now. Cheap: the text of the stack is made when somebody asks for it. */
export function here(): CallSite {
  const limited = Error as { stackTraceLimit?: number }
  const before = limited.stackTraceLimit
  limited.stackTraceLimit = 30
  const site = new Error('call site')
  if (before !== undefined) limited.stackTraceLimit = before
  return site
}

/** First frame outside the dsl, or undefined when the engine gives no stack. */
export function locationOf(site: CallSite | undefined): SourceLocation | undefined {
  return locationsOf(site)[0]
}

/** The author's frames up to the one that the dsl itself called, innermost first. */
export function locationsOf(site: CallSite | undefined): readonly Frame[] {
  const frames = framesOf(site?.stack ?? '')
  const from = frames.findIndex(({ file }) => !isOwn(file))
  if (from < 0) return []
  const end = frames.findIndex(({ file }, index) => index > from && isOfDsl(file))
  return frames.slice(from, end < 0 ? undefined : end).filter(({ file }) => !isOwn(file))
}

/** First frame outside the dsl of an error that the author's code threw. */
export function locationOfError(error: unknown): SourceLocation | undefined {
  return error instanceof Error && error.stack ? locationOf({ stack: error.stack }) : undefined
}

export interface Frame {
  readonly file: string
  readonly line: number
  readonly column: number
}

function framesOf(stack: string): Frame[] {
  return stack.split('\n').flatMap((line) => {
    const match = FRAME.exec(line.trim())
    if (!match?.[1]) return []
    return [{ file: pathOf(match[1]), line: Number(match[2]), column: Number(match[3]) }]
  })
}

function pathOf(file: string): string {
  const path = file.startsWith('file://') ? decodeURIComponent(file.slice('file://'.length)) : file
  // Some readers of source maps (vitest's) take the URL of the author's folder for a path below the bundle's.
  const joined = JOINED.exec(path)?.[1]
  return (joined ?? path).replace(/\?.*$/, '')
}

function directoryOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1)
}

function isOwn(file: string): boolean {
  return file.includes('node:internal') || file.includes(LOADED_FOLDER) || isOfDsl(file)
}

/** Tests that stand beside the sources are authors too. */
function isOfDsl(file: string): boolean {
  return OWN_DIRECTORY !== '' && file.startsWith(OWN_DIRECTORY) && !/\.test(-d)?\.[cm]?[jt]s$/.test(file)
}
