/** A task that can't run for a reason in the pipeline or its values; becomes the task's error. Never leaves the engine. */

export class TaskError extends Error {
  /** Stable kebab-case word. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'TaskError'
    this.code = code
  }
}
