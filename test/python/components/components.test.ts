/** Our component.yaml files in the hands of the Python SDK: parsed strictly, loaded, wired and compiled. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parsePipelineDocument } from '../../../api/index.ts'
import { KFP_2, pythonEnvironment } from '../../python-environment.ts'

test('PyPI kfp loads and compiles every component', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-components-'))
  try {
    const python = join(await pythonEnvironment(KFP_2), 'bin/python')
    const script = join(import.meta.dirname, 'use_in_python.py')
    const root = resolve(import.meta.dirname, '../../..')
    const printed = execFileSync(python, [script, root, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const loaded = JSON.parse(printed) as string[]
    for (const name of ['load_csv', 'split', 'preprocess', 'train', 'evaluate']) {
      expect(loaded).toContain(`components/${name}/component.yaml`)
    }
    expect(loaded.filter((name) => name.startsWith('examples/hybrid/'))).toHaveLength(4)
    const { document, issues } = parsePipelineDocument(await readFile(join(folder, 'from_python.yaml')))
    expect(issues).toEqual([])
    expect(Object.keys(document?.spec.root.dag?.tasks ?? {})).toHaveLength(6)
  } finally {
    await rm(folder, { recursive: true })
  }
})
