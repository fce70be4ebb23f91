/** What becomes of a command when those who read its output leave: a closed terminal, `| head`, a `tee` that Ctrl-C ended. */

let outlivesReaders = false

/** At the start of every command. A command that only tells something ends when nobody listens any longer. */
export function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // EIO: the terminal is gone.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    if (!outlivesReaders) process.exit(0)
  })
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined)
}

/** For a command that carries steps out: nobody would look after them if it ended, and its exit status tells how the run went. */
export function outliveReaders(): void {
  outlivesReaders = true
}
