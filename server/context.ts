/** What every request handler gets: the stores behind the server and who is calling. Before: app.ts. After: the routes. */
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import type { Metadata } from '../store/metadata/database.ts'
import type { Access } from './access.ts'
import type { ArtifactFiles } from './artifact-files.ts'
import type { ModelDeployments } from './model-deployments.ts'
import type { RunEvents } from './run-events.ts'
import type { RunExecutor } from './run-executor.ts'
import type { RunTokens } from './run-tokens.ts'
import type { Schedules } from './schedules.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'

/** The parts a server is made of. */
export interface Services {
  readonly metadata: Metadata
  readonly files: ArtifactFiles
  readonly executor: RunExecutor
  readonly access: Access
  /** Makes the tokens that steps log with. */
  readonly tokens: RunTokens
  readonly schedules: Schedules
  readonly webhookSecrets: WebhookSecrets
  readonly modelDeployments: ModelDeployments
  readonly events: RunEvents
  readonly logger: Logger
  /** Bytes of a pipeline's artifact by its URI; undefined when there is no file. Refuses places that are not pipelines'. */
  readonly readPipelineArtifact: (uri: string) => Promise<Readable | undefined>
  /** Where pipeline runs keep their artifacts when a run names no root. */
  readonly pipelineRoot: string
  /** Hosts that pipeline packages may be loaded from; none by default. */
  readonly packageHosts: readonly string[]
}

/** Who calls. `namespace` is the workspace that MLflow calls work in; '' when the server has only one. */
export interface Caller {
  readonly actor: string
  readonly namespace: string
  /** Limits which runs are seen; undefined on a server with one workspace, where all are. */
  readonly reads: string | undefined
  /** Groups of the actor, for approvals. */
  readonly groups: readonly string[]
  /** Set for the token of a step: it may write to this run and the runs below it, and read. */
  readonly runScope?: string
}
