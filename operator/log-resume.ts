/** Where a log goes on that was kept in part: what a second reading of it repeats is found by its text. Pure. */

/** The end of a kept log. */
export interface LogTail {
  readonly bytes: Buffer
  /** It is the whole log. */
  readonly isWhole: boolean
}

/** Bytes of the end that are looked for: enough not to meet the same by chance. */
export const TAIL_BYTES = 4096

/** What a kubelet answers, with status 200, when the log is gone. */
const NO_LOG = /^(unable to retrieve container logs for|failed to try resolving symlinks in path)/

/**
 * @param again text of the log from some time before the end of `tail`
 * @returns how many bytes of it are kept already
 */
export function repeatedBytes(tail: LogTail, again: Buffer): number {
  const { bytes, isWhole } = tail
  if (NO_LOG.test(again.toString('latin1', 0, 100))) return again.length
  if (bytes.length === 0) return 0
  if (isWhole && again.subarray(0, bytes.length).equals(bytes)) return bytes.length
  const at = again.lastIndexOf(bytes)
  if (at >= 0) return at + bytes.length
  // It may begin within the kept end: the longest beginning of it that the kept end ends with.
  for (let length = Math.min(again.length, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(again.subarray(0, length))) return length
  }
  return 0
}
