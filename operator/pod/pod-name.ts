/** Names of pods, computed from run, task and attempt: a restarted operator finds its own pods again instead of making second ones. */
import { createHash } from 'node:crypto'

/** Hosts take a pod's name as their name: 63 characters at most. */
const RUN_PART = 26
const TASK_PART = 24

/** @example podName('nightly-7', '5f0c…', 'root/for-loop-2[3]/train', 1) // 'nightly-7-train-1b5c07ad9e' */
export function podName(runName: string, runUid: string, taskPath: string, attempt: number): string {
  const digest = createHash('sha256').update(`${runUid}\0${taskPath}\0${attempt}`).digest('hex').slice(0, 10)
  const task = taskPath.slice(taskPath.lastIndexOf('/') + 1)
  return [slug(runName, RUN_PART), slug(task, TASK_PART), digest].filter((part) => part !== '').join('-')
}

/** A piece of a DNS label. */
export function slug(text: string, maxLength: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxLength)
    .replace(/^-+|-+$/g, '')
}

/** A label value: at most 63 of letters, digits, `-_.`, with a letter or digit at both ends. */
export function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
}
