/** Ctrl-C and polite kills: the first stops the run so that it can be resumed, the second kills its steps at once. */

export interface Interrupts {
  readonly signals: { readonly interrupt: AbortSignal; readonly kill: AbortSignal }
  /** Gives the signals back to the process. */
  readonly end: () => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function watchInterrupts(): Interrupts {
  const interrupt = new AbortController()
  const kill = new AbortController()
  const onSignal = () => {
    if (interrupt.signal.aborted) kill.abort()
    else {
      interrupt.abort()
      process.stderr.write('\nstopping: the steps get 10 s to end; press Ctrl-C again to kill them\n')
    }
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return {
    signals: { interrupt: interrupt.signal, kill: kill.signal },
    end: () => {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal)
    },
  }
}

/** Ctrl-C of a command that only looks on: it ends, what it looks at goes on. `end` gives the signals back. */
export function watchInterrupt(): { readonly signal: AbortSignal; readonly end: () => void } {
  const control = new AbortController()
  const onSignal = () => control.abort()
  for (const signal of SIGNALS) process.once(signal, onSignal)
  return {
    signal: control.signal,
    end: () => {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal)
    },
  }
}
