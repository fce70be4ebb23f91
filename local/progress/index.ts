/** Progress of a run on stderr: a live tree on a terminal, lines elsewhere, only warnings when told to be quiet. */
import type { RunObserver } from '../observer.ts'
import { liveProgress } from './live.ts'
import { plainProgress } from './plain.ts'

export interface Progress {
  readonly observer: RunObserver
  /** Draws the last state; call it before anything else is printed. */
  readonly end: () => void
}

export function progressOn(stream: NodeJS.WriteStream, isQuiet: boolean): Progress {
  const write = (line: string) => stream.write(`${line}\n`)
  if (isQuiet) return { observer: { onWarning: (message) => write(`warning: ${message}`) }, end: () => undefined }
  if (!stream.isTTY || process.env['TERM'] === 'dumb') return { observer: plainProgress(write), end: () => undefined }
  const live = liveProgress(stream)
  return { observer: live, end: live.end }
}
