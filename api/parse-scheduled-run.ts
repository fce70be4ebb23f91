/** Checks the shape of ScheduledRun and Backfill specs and says what is wrong, where, and what to do. Meaning is checked by engine/schedule. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Issue } from './issue.ts'
import { parseRfc3339 } from './rfc3339.ts'
import type { BackfillSpec, ScheduledRunSpec } from './scheduled-run.ts'
import { BACKFILL_SPEC_SCHEMA, SCHEDULED_RUN_SPEC_SCHEMA } from './scheduled-run-schema.ts'

export interface SpecParseResult<Spec> {
  /** Present when no issue is an error. */
  readonly spec?: Spec
  readonly issues: readonly Issue[]
}

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })
ajv.addFormat('date-time', (value: string) => parseRfc3339(value) !== undefined)
const validators = new Map<object, ValidateFunction>()

export function parseScheduledRunSpec(value: unknown): SpecParseResult<ScheduledRunSpec> {
  return parse<ScheduledRunSpec>(value, SCHEDULED_RUN_SPEC_SCHEMA)
}

export function parseBackfillSpec(value: unknown): SpecParseResult<BackfillSpec> {
  return parse<BackfillSpec>(value, BACKFILL_SPEC_SCHEMA)
}

function parse<Spec>(value: unknown, schema: object): SpecParseResult<Spec> {
  const validate = validators.get(schema) ?? ajv.compile(schema)
  validators.set(schema, validate)
  if (validate(value)) return { spec: value as Spec, issues: [] }
  return { issues: (validate.errors ?? []).map(toIssue) }
}

function toIssue(error: ErrorObject): Issue {
  const path = ['spec', ...error.instancePath.split('/').slice(1)].join('.')
  const issue = (code: string, at: string, message: string, hint: string): Issue => ({
    code,
    severity: 'error',
    path: at,
    message,
    hint,
  })
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(error.params['additionalProperty'])
      const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object)
      return issue('unknown-field', `${path}.${name}`, `there is no field "${name}" here`, fieldsHint(name, known))
    }
    case 'required': {
      const name = String(error.params['missingProperty'])
      return issue('missing-field', path, `"${name}" is missing`, `add "${name}"`)
    }
    case 'enum': {
      const values = (error.params['allowedValues'] as string[]).join(', ')
      return issue('invalid-value', path, 'this value is not allowed', `use one of ${values}`)
    }
    case 'minProperties':
    case 'maxProperties':
      return issue(
        'one-timing',
        path,
        'a schedule has exactly one of cron, cronSeconds, every, once, continuous',
        'keep one of them, or leave out `schedule` for a schedule that runs by hand only',
      )
    case 'format':
      return issue(
        'invalid-time',
        path,
        'this is not a time',
        'write RFC 3339 with a zone, for example 2026-01-01T00:00:00Z',
      )
    case 'minimum':
      return issue(
        'invalid-value',
        path,
        `the value ${error.message ?? 'is too small'}`,
        `use ${error.params['limit']} or more`,
      )
    default:
      return issue('invalid-value', path, `the value ${error.message ?? 'has the wrong type'}`, 'see docs/schedules.md')
  }
}

function fieldsHint(name: string, known: readonly string[]): string {
  const same = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase().replaceAll(/[_-]/g, ''))
  if (same) return `did you mean "${same}"?`
  return known.length === 0 ? 'write {}' : `the fields are ${known.join(', ')}`
}
