/** Recurring runs of a server's clients as ScheduledRun resources. Before: server-beside.ts. After: the operator makes their runs. */
import { API_GROUP, API_VERSION, DISPLAY_NAME_ANNOTATION, LABELS } from '../../api/pipeline-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { isNotFound, isTransient } from '../../client/kube/transport.ts'
import { slug } from '../../operator/pod/pod-name.ts'
import { RUN_NOW, SCHEDULED_RUNS, type ScheduledRun } from '../../operator/schedule/schedule-objects.ts'
import { scheduleOf } from '../../server/kfp/trigger.ts'
import { HttpError } from '../../server/problem.ts'
import type { RecurringRunResources, RecurringRunTemplate } from '../../server/schedules.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import type { RecurringRunRow } from '../../store/metadata/tables.ts'

/** A row whose resource is on its way is not missed. */
const PATIENCE_MILLIS = 60_000

export function clusterSchedules(
  metadata: Metadata,
  kube: KubeClient,
  place: { readonly namespace?: string | undefined; readonly fallback: string },
): RecurringRunResources {
  const namespaceOf = ({ namespace }: Pick<RecurringRunRow, 'namespace'>): string =>
    namespace || (place.namespace ?? place.fallback)

  return {
    async create(row, template) {
      const namespace = namespaceOf(row)
      if (place.namespace && namespace !== place.namespace)
        throw new HttpError(400, `No operator carries out runs of namespace '${namespace}' here`)
      await kube.create(SCHEDULED_RUNS, namespace, scheduledRunObject(row, namespace, template)).catch(refused)
    },
    async setEnabled(row, enabled) {
      if (!isResource(row)) return
      await kube
        .patch(SCHEDULED_RUNS, namespaceOf(row), resourceName(row), { spec: { suspend: !enabled } })
        .catch(refused)
    },
    async remove(row, orphan) {
      if (!isResource(row)) return
      const propagation = orphan ? 'Orphan' : 'Background'
      await kube.delete(SCHEDULED_RUNS, namespaceOf(row), resourceName(row), { propagation }).catch((error) => {
        if (!isNotFound(error)) refused(error)
      })
    },
    runNowCommand(row) {
      if (!isResource(row)) return undefined
      return `kubectl -n ${namespaceOf(row)} annotate scheduledrun ${resourceName(row)} ${RUN_NOW}=ID`
    },
    async refresh(namespace) {
      const rows = await metadata.db
        .selectFrom('recurring_runs')
        .selectAll()
        .where('namespace', '=', namespace)
        .execute()
        .then((all) => all.filter(isResource))
      if (rows.length === 0) return
      const selection = { namespace: namespaceOf({ namespace }), labelSelector: LABELS.recurringRun }
      const { items } = await kube.list<ScheduledRun>(SCHEDULED_RUNS, selection).catch(refused)
      const byId = new Map(items.map((item) => [item.metadata.labels?.[LABELS.recurringRun], item]))
      for (const row of rows) await refreshRow(metadata, row, byId.get(row.recurring_run_id))
    },
  }
}

async function refreshRow(metadata: Metadata, row: RecurringRunRow, resource: ScheduledRun | undefined): Promise<void> {
  const { db } = metadata
  const id = row.recurring_run_id
  if (!resource) {
    if (metadata.now() - row.created_at < PATIENCE_MILLIS) return
    await db.deleteFrom('recurring_runs').where('recurring_run_id', '=', id).execute()
    return
  }
  const enabled = resource.spec.suspend === true ? 0 : 1
  if (enabled === row.enabled) return
  const change = { enabled, updated_at: metadata.now() }
  await db.updateTable('recurring_runs').set(change).where('recurring_run_id', '=', id).execute()
}

/** Rows of a table that moved here from a machine have none. */
const isResource = (row: RecurringRunRow): boolean =>
  (JSON.parse(row.runtime_config) as { resource?: boolean }).resource === true

/** Short enough for the names of its runs. */
function resourceName({ display_name: name, recurring_run_id: id }: RecurringRunRow): string {
  return [slug(name, 30), id.replaceAll('-', '').slice(0, 12)].filter((part) => part !== '').join('-')
}

function scheduledRunObject(row: RecurringRunRow, namespace: string, template: RecurringRunTemplate): ScheduledRun {
  const labels = { [LABELS.recurringRun]: row.recurring_run_id }
  const { experiment, pipelineText, parameters, pipelineRoot } = template
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'ScheduledRun',
    metadata: {
      name: resourceName(row),
      namespace,
      labels,
      annotations: { [DISPLAY_NAME_ANNOTATION]: row.display_name },
    },
    spec: {
      ...scheduleOf(row),
      runTemplate: {
        experiment,
        pipelineSpec: pipelineText,
        parameters,
        labels,
        ...(pipelineRoot ? { pipelineRoot } : {}),
        ...(row.service_account ? { serviceAccount: row.service_account } : {}),
      },
    },
  }
}

function refused(error: unknown): never {
  if (isTransient(error)) throw new HttpError(503, "The cluster's API server can not be reached now: try again")
  throw new HttpError(400, `The cluster refuses the schedule: ${error instanceof Error ? error.message : error}`)
}
