import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from './main.ts'

test('experiment, search, gate, approval, serving, roll back, asOf', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-model-centric-'))
  try {
    const result = await main(folder, () => {})
    expect(result.runs).toBeGreaterThanOrEqual(10)
    expect(result.best.metrics['accuracy']).toBeGreaterThan(0.9)
    expect(result.outcomes).toEqual(['promoted', 'waiting', 'APPROVED', 'refused'])
    expect(result.served).toEqual(['2', '1'])
    expect(result.label).toBe(result.truth)
    expect(result.asOf).toEqual({ champion: 2 })
    expect(result.actions.slice(0, 2)).toEqual(['rollback-alias', 'reject-promotion'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
