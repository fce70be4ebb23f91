/** The pods that are there, by their run. */
import { LABELS } from '../api/pipeline-run.ts'
import type { Pod } from './pod/pod-types.ts'

export interface RunPods {
  /** News of a pod. @returns the uid of its run; undefined for a pod of none */
  changed(pod: Pod, gone: boolean): string | undefined
  has(uid: string): boolean
  of(uid: string): Pod[]
  /** Phase to pods. */
  phases(): Record<string, number>
}

export function createRunPods(): RunPods {
  const byRun = new Map<string, Map<string, Pod>>()
  return {
    changed(pod, gone) {
      const { name, labels } = pod.metadata
      const uid = labels?.[LABELS.run]
      if (!uid) return undefined
      const ofRun = byRun.get(uid) ?? new Map<string, Pod>()
      if (gone) ofRun.delete(name)
      else ofRun.set(name, pod)
      if (ofRun.size > 0) byRun.set(uid, ofRun)
      else byRun.delete(uid)
      return uid
    },
    has: (uid) => byRun.has(uid),
    of: (uid) => [...(byRun.get(uid)?.values() ?? [])],
    phases() {
      const counts: Record<string, number> = {}
      for (const pods of byRun.values()) {
        for (const { status } of pods.values()) {
          const phase = status?.phase ?? 'Pending'
          counts[phase] = (counts[phase] ?? 0) + 1
        }
      }
      return counts
    },
  }
}
