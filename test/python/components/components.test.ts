/** Our component.yaml files in the hands of the Python SDK: parsed strictly, loaded, wired and compiled. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../../../api/index.ts'
import { kfpEnvironment } from '../../bench/kfp-environment.ts'

test('PyPI kfp loads and compiles every component', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-components-'))
  try {
    const python = join(await kfpEnvironment(), 'python')
    const script = join(import.meta.dirname, 'use_in_python.py')
    const root = resolve(import.meta.dirname, '../../..')
    const printed = execFileSync(python, [script, root, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect(JSON.parse(printed)).toEqual([
      'components/evaluate/component.yaml',
      'components/load_csv/component.yaml',
      'components/preprocess/component.yaml',
      'components/split/component.yaml',
      'components/train/component.yaml',
      'examples/hybrid/evaluate_component.yaml',
      'examples/hybrid/hybrid_ml_pipeline.yaml',
      'examples/hybrid/preprocess_component.yaml',
      'examples/hybrid/train_component.yaml',
    ])
    const { document, issues } = parsePipelineDocument(await readFile(join(folder, 'from_python.yaml')))
    expect(issues).toEqual([])
    expect(Object.keys(document?.spec.root.dag?.tasks ?? {})).toHaveLength(6)
  } finally {
    await rm(folder, { recursive: true })
  }
})
