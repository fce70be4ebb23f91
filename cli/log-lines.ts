/** Prints logs: of one task as they are, of several with the task's name before each line. */
import { shortPath } from '../local/progress/plain.ts'
import { styleFor } from '../local/progress/terminal.ts'

export interface LogPrinter {
  put(task: string, attempt: number, text: string): void
  /** Prints what came without the end of its line. */
  end(): void
}

/** @param isMixed texts of several tasks come in turns; else one log after the other */
export function logPrinter(
  isPrefixed: boolean,
  isMixed: boolean,
  stream: NodeJS.WriteStream = process.stdout,
): LogPrinter {
  if (!isPrefixed) return { put: (_task, _attempt, text) => void stream.write(text), end: () => undefined }
  const style = styleFor(stream)
  const rests = new Map<string, string>()
  const labelOf = (task: string, attempt: number) => `${shortPath(task)}${attempt > 1 ? `#${attempt}` : ''}`
  const write = (label: string, lines: readonly string[]) =>
    void stream.write(lines.map((line) => `${style.dim(`${label} |`)} ${line}\n`).join(''))
  const end = () => {
    for (const [label, rest] of rests) if (rest !== '') write(label, [rest])
    rests.clear()
  }
  return {
    put: (task, attempt, text) => {
      const label = labelOf(task, attempt)
      if (!isMixed && !rests.has(label)) end()
      const lines = `${rests.get(label) ?? ''}${text}`.split('\n')
      rests.set(label, lines.pop()!)
      if (lines.length > 0) write(label, lines)
    },
    end,
  }
}
