/** Tables of the events that triggers of schedules listen to. Before: migrations/index.ts. */
import type { TablePlan } from './columns.ts'

export const SIGNAL_TABLES: Readonly<Record<string, TablePlan>> = {
  // The owner is a recurring run, or the uid of a resource of the cluster: nothing here can belong to a row.
  schedule_signals: {
    columns: {
      owner: 'text!',
      id: 'text!',
      trigger_key: 'text!',
      at: 'int!',
      body: 'text!',
      outcome: 'text',
      run: 'text',
      settled_at: 'int',
    },
    key: ['owner', 'id'],
    indexes: {
      schedule_signals_by_trigger: ['owner', 'trigger_key', 'at'],
      schedule_signals_open: ['outcome', 'owner'],
    },
  },
}

/** Ends of runs and tasks are asked for by time. */
export const RUNS_BY_END = { name: 'runs_by_end', table: 'runs', columns: ['kind', 'end_time', 'run_id'] } as const
