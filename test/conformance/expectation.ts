/** The words in which `cases.ts` says what a run of a corpus file must show. */
import type { JsonValue } from '../../api/json.ts'
import type { RunReport, TaskReport } from '../../api/run-report.ts'

/** Content and metadata of an artifact; a part that is left out is not compared. */
export interface ArtifactExpectation {
  readonly text?: string
  /** Entries that must be there. */
  readonly metadata?: Readonly<Record<string, JsonValue>>
}
export interface StepExpectation {
  /** @default 'SUCCEEDED' */
  readonly state?: TaskReport['state']
  /** Output parameters that must have these values. */
  readonly parameters?: Readonly<Record<string, JsonValue>>
  readonly artifacts?: Readonly<Record<string, ArtifactExpectation>>
  /** Pieces of text that the step's log must hold. */
  readonly log?: string | readonly string[]
}

/** What a check that is more than a comparison can look at. */
export interface Observed {
  readonly report: RunReport
  /** Path below root, such as `for-loop-1[0]/print-op`. */
  readonly step: (path: string) => TaskReport | undefined
  readonly log: (path: string) => string
  /** Value of an output parameter. */
  readonly output: (path: string, name?: string) => JsonValue | undefined
  /** Folder that the arguments named as `SCRATCH`. */
  readonly scratch: string
}

/** Things of an image that a host may lack, or that would take too long; `stand-ins/` has them. */
export type StandIn = 'bash-as-sh' | 'jq' | 'python' | 'fast-clock'

export interface ConformanceCase {
  readonly file: string
  /** `SCRATCH` in a text stands for an empty folder. */
  readonly arguments?: Readonly<Record<string, JsonValue>>
  /** @default 'SUCCEEDED' */
  readonly state?: RunReport['state']
  /** All outputs of the pipeline that are parameters. */
  readonly outputs?: Readonly<Record<string, JsonValue>>
  /** Outputs of the pipeline that are artifacts: their texts; a list for a list of artifacts. */
  readonly artifacts?: Readonly<Record<string, string | readonly string[]>>
  readonly steps?: Readonly<Record<string, StepExpectation>>
  /** For what depends on chance: gives what is wrong. */
  readonly check?: (observed: Observed) => string[]
  /** The outputs depend on chance: only the state compares with the oracle's. */
  readonly random?: boolean
  readonly standIns?: readonly StandIn[]
  /** Version of the SDK that the steps install in place of the one that the file names. */
  readonly sdkVersion?: string
  /** Further flags of `kfp-ts run`. */
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Why the expectation is as it is, where that is not plain from the pipeline. */
  readonly note?: string
  /** Why the oracle `kfp.local` shows something else; its record is then not compared. */
  readonly oracleDeviates?: string
}
