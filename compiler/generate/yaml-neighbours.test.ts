/** Declarations beside YAML components: what is found, what is written, what is refused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineContainerComponent, t } from '../../dsl/index.ts'
import { compile } from '../compile.ts'
import { printPipelineYaml } from '../print-yaml.ts'
import { yamlNeighbours } from './yaml-neighbours.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-generate-'))
  await mkdir(join(folder, 'node_modules'))
  await mkdir(join(folder, 'deep'))
  const v1 =
    'name: v1\ninputs:\n- {name: a b, type: Integer, default: 3}\nimplementation:\n  container: {image: busybox}\n'
  await writeFile(join(folder, 'deep/v1.yml'), v1)
  await writeFile(join(folder, 'node_modules/other.yaml'), v1)
  await writeFile(join(folder, 'compose.yaml'), 'services: {}\n')
  const component = defineContainerComponent({
    name: 'typed',
    description: 'Does\nthings. */',
    inputs: {
      mode: t.literal(['a', 'b']),
      data: t.list(t.model()),
      status: t.finalStatus(),
      'odd-name': t.optional(t.struct()),
    },
    outputs: { all: t.list(t.integer()) },
    image: 'busybox',
  })
  await writeFile(join(folder, 'typed.yaml'), printPipelineYaml((await compile(component)).document!))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('components below a folder, and nothing else', async () => {
  const neighbours = await yamlNeighbours([folder])
  expect(neighbours.map(({ target }) => target.slice(folder.length + 1)).sort()).toEqual([
    'deep/v1.d.yml.ts',
    'typed.d.yaml.ts',
  ])
  expect(neighbours[0]!.content).toContain("  /** @default 3 */\n  readonly a_b: ParameterType<number, 'defaulted'>\n")
  expect(neighbours[0]!.content).toContain('type Outputs = Record<never, never>')
})

test('every kind of type', async () => {
  const [{ content } = { content: '' }] = await yamlNeighbours([join(folder, 'typed.yaml')])
  expect(content).toContain("import type { ArtifactType, Component, FinalStatus, ParameterType } from 'kfp-ts'")
  expect(content).toContain("readonly mode: ParameterType<'a' | 'b', 'required'>")
  expect(content).toContain("readonly data: ArtifactType<'system.Model', 'required', true>")
  expect(content).toContain("readonly status: ParameterType<FinalStatus, 'optional'>")
  expect(content).toContain("readonly 'odd-name': ParameterType<{ readonly [key: string]: any }, 'optional'>")
  expect(content).toContain("readonly all: ParameterType<readonly any[], 'required'>")
  expect(content).toContain(' * things. * /\n')
})

test('a named file that is no component, and one that is not there, are told together', async () => {
  const thrown = await yamlNeighbours([join(folder, 'compose.yaml'), join(folder, 'missing.yaml')]).catch(
    (error: unknown) => error,
  )
  expect(thrown).toMatchObject({ code: 'invalid-input' })
  const files = (thrown as { issues: { location?: { file?: string } }[] }).issues.map(({ location }) => location?.file)
  expect(new Set(files)).toEqual(new Set([join(folder, 'compose.yaml'), join(folder, 'missing.yaml')]))
})
