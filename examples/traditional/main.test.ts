import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from './main.ts'

test('trains, judges, saves, loads again and serves', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-traditional-'))
  try {
    const lines: string[] = []
    const { accuracy, answer, modelFile } = await main(folder, (line) => lines.push(line))
    expect(accuracy).toBeGreaterThan(0.92)
    expect(answer.label).toBe(answer.truth)
    expect(JSON.parse(await readFile(modelFile, 'utf8'))).toMatchObject({ format: 'kfp-ts.model', target: 'diagnosis' })
    expect(lines.join('\n')).toContain('455 to train, 114 to test')
  } finally {
    await rm(folder, { recursive: true })
  }
})
