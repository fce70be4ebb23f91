/** What every request handler gets: the stores behind the server and who is calling. Before: app.ts. After: the routes. */
import type { Logger } from 'pino'
import type { Metadata } from '../store/metadata/database.ts'
import type { Access } from './access.ts'
import type { ArtifactFiles } from './artifact-files.ts'
import type { RunEvents } from './run-events.ts'
import type { RunExecutor } from './run-executor.ts'

/** The parts a server is made of. */
export interface Services {
  readonly metadata: Metadata
  readonly files: ArtifactFiles
  readonly executor: RunExecutor
  readonly access: Access
  readonly events: RunEvents
  readonly logger: Logger
  /** Where pipeline runs keep their artifacts when a run names no root. */
  readonly pipelineRoot: string
}

/** Who calls. `namespace` is the workspace that MLflow calls work in; '' when the server has only one. */
export interface Caller {
  readonly actor: string
  readonly namespace: string
  /** Groups of the actor, for approvals. */
  readonly groups: readonly string[]
  /** Set for the token of a step: it may write to this run and the runs below it, and read. */
  readonly runScope?: string
}
