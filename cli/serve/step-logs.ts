/** Reads the log of a step of a local run, and follows it while the run lives. Before: local-executor.ts. */
import { open, readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogRequest } from '../../server/run-executor.ts'
import { logPath, runPaths, taskFolder } from '../../store/run-folder.ts'

const FOLLOW_MILLIS = 250
const CHUNK_BYTES = 64 * 1024

/** Undefined when the task has no such attempt. */
export async function readStepLog(
  root: string,
  request: LogRequest,
  isLive: () => boolean,
): Promise<AsyncIterable<string> | undefined> {
  if (request.task.split('/').some((part) => part === '' || part === '.' || part === '..')) return undefined
  const paths = runPaths(root, request.runId)
  const names = await readdir(taskFolder(paths.logs, request.task)).catch(() => [])
  const attempts = names.map((name) => Number(/^attempt-(\d+)\.log$/.exec(name)?.[1])).filter(Number.isFinite)
  const attempt = request.attempt ?? Math.max(...attempts)
  if (!attempts.includes(attempt)) return undefined
  return pieces(logPath(paths, request.task, attempt), request, isLive)
}

async function* pieces(path: string, request: LogRequest, isLive: () => boolean): AsyncGenerator<string> {
  const file = await open(path, 'r')
  const decoder = new TextDecoder()
  const buffer = Buffer.alloc(CHUNK_BYTES)
  try {
    while (!request.signal.aborted) {
      const wasLive = isLive()
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES)
      if (bytesRead > 0) yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true })
      else if (!request.follow || !wasLive) return
      else await sleep(FOLLOW_MILLIS)
    }
  } finally {
    await file.close()
  }
}
