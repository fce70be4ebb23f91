/** Draws the tree again and again in place, while the run goes on. */
import { type Program, type RunState, report } from '../../engine/index.ts'
import type { RunObserver } from '../observer.ts'
import { styleFor } from './terminal.ts'
import { drawTree } from './tree.ts'

const FRAME_MILLIS = 200

export interface LiveProgress extends RunObserver {
  /** Draws the last state and stops. */
  readonly end: () => void
}

/** @param stream a terminal */
export function liveProgress(stream: NodeJS.WriteStream): LiveProgress {
  const style = styleFor(stream)
  let program: Program | undefined
  let state: RunState | undefined
  let drawnLines = 0
  let timer: NodeJS.Timeout | undefined
  const erase = () => {
    if (drawnLines > 0) stream.write(`\x1b[${drawnLines}A\x1b[0J`)
    drawnLines = 0
  }
  const draw = () => {
    if (!program || !state) return
    const view = { width: stream.columns || 80, height: stream.rows || 24, now: Date.now(), style }
    const lines = drawTree(report(program, state), view)
    erase()
    stream.write(`${lines.join('\n')}\n`)
    drawnLines = lines.length
  }
  const write = (line: string) => {
    erase()
    stream.write(`${line}\n`)
    draw()
  }
  return {
    onBegin: (begun, first, paths) => {
      program = begun
      state = first
      stream.write(`${style.dim(`run ${paths.folder.split('/').at(-1)}`)}\n`)
      timer = setInterval(draw, FRAME_MILLIS)
    },
    onStep: (_records, _actions, next) => {
      state = next
    },
    onWarning: (message) => write(style.yellow(`warning: ${message}`)),
    end: () => {
      clearInterval(timer)
      draw()
      drawnLines = 0
    },
  }
}
