/** Tables of what schedules remember beyond their recurring run: state, runs, requests by hand, backfills, events. Before: migrations/index.ts. */
import type { TablePlan } from './columns.ts'

const ofSchedule = { recurring_run_id: 'recurring_runs.recurring_run_id' }

export const SCHEDULE_TABLES: Readonly<Record<string, TablePlan>> = {
  schedules: {
    columns: {
      recurring_run_id: 'text!',
      namespace: 'text!',
      name: 'text!',
      spec: 'text',
      state: 'text!',
      standing: 'text!',
      next_at: 'int',
      resume_requested_at: 'int',
    },
    key: ['recurring_run_id'],
    unique: [['namespace', 'name']],
    belongsTo: ofSchedule,
  },
  // Records of runs outlive their schedule, so nothing here goes with it.
  schedule_runs: {
    columns: {
      recurring_run_id: 'text!',
      name: 'text!',
      run_id: 'text!',
      kind: 'text!',
      logical_date: 'int',
      run_index: 'int!',
      plan: 'text!',
      backfill: 'text',
      request_id: 'text',
      held: 'int!',
      created_at: 'int!',
    },
    key: ['recurring_run_id', 'name'],
    indexes: { schedule_runs_by_date: ['recurring_run_id', 'logical_date'] },
  },
  schedule_requests: {
    columns: {
      recurring_run_id: 'text!',
      request_id: 'text!',
      requested_at: 'int!',
      logical_date: 'int',
      parameters: 'text!',
      accepted: 'int',
      message: 'text',
    },
    key: ['recurring_run_id', 'request_id'],
    belongsTo: ofSchedule,
  },
  schedule_events: {
    columns: { recurring_run_id: 'text!', seq: 'int!', at: 'int!', reason: 'text!', message: 'text!' },
    key: ['recurring_run_id', 'seq'],
    belongsTo: ofSchedule,
  },
  backfills: {
    columns: {
      recurring_run_id: 'text!',
      name: 'text!',
      created_at: 'int!',
      spec: 'text!',
      state: 'text!',
      phase: 'text!',
    },
    key: ['recurring_run_id', 'name'],
    belongsTo: ofSchedule,
  },
}
