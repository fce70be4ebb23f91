/** The rows of schedules, their runs and events. A part of tables.ts. */

/** What a schedule has beyond its recurring run. `spec` is our own ScheduledRunSpec; null: made through KFP's API. */
export interface ScheduleRow {
  recurring_run_id: string
  namespace: string
  name: string
  spec: string | null
  /** The reducer's state. */
  state: string
  /** The explanations that hold now. */
  standing: string
  next_at: number | null
  resume_requested_at: number | null
}

/** A run that a schedule planned; the run itself is in `runs` unless it is held. */
export interface ScheduleRunRow {
  recurring_run_id: string
  name: string
  run_id: string
  kind: 'scheduled' | 'triggered' | 'manual' | 'backfill'
  logical_date: number | null
  run_index: number
  plan: string
  backfill: string | null
  request_id: string | null
  held: number
  created_at: number
}

/** A run asked for by hand; `accepted` is null until it was answered. */
export interface ScheduleRequestRow {
  recurring_run_id: string
  request_id: string
  requested_at: number
  logical_date: number | null
  parameters: string
  accepted: number | null
  message: string | null
}

export interface ScheduleEventRow {
  recurring_run_id: string
  seq: number
  at: number
  reason: string
  message: string
}

/** An event that a trigger of a schedule listens to. `outcome` is null until it was settled. */
export interface ScheduleSignalRow {
  /** The recurring run, or on a cluster the uid of the ScheduledRun. */
  owner: string
  id: string
  trigger_key: string
  at: number
  /** `{values, parameters?}` as JSON. */
  body: string
  outcome: 'Run' | 'Coalesced' | 'Dropped' | 'Unchanged' | 'Since' | null
  run: string | null
  settled_at: number | null
}

export interface BackfillRow {
  recurring_run_id: string
  name: string
  created_at: number
  spec: string
  state: string
  phase: 'Running' | 'Succeeded' | 'Failed' | 'Rejected'
}
