/** A ScheduledRun of the cluster as its webhook sees it: the operator that leads takes the event out of the database. */
import type { KubeClient } from '../../client/kube/client.ts'
import { isNotFound } from '../../client/kube/transport.ts'
import { SCHEDULED_RUNS, type ScheduledRun } from '../../operator/schedule/schedule-objects.ts'
import type { CalledSchedule } from '../../server/schedules.ts'

export async function calledScheduledRun(
  kube: KubeClient,
  namespace: string,
  name: string,
): Promise<CalledSchedule | undefined> {
  if (namespace === '' || !/^[a-z0-9][-a-z0-9.]*$/.test(name)) return undefined
  try {
    const { metadata, spec } = await kube.get<ScheduledRun>(SCHEDULED_RUNS, namespace, name)
    return {
      owner: metadata.uid ?? '',
      webhook: spec.triggers?.find(({ webhook }) => webhook !== undefined)?.webhook,
    }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
