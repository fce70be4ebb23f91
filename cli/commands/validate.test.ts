/** `kfp-ts validate` and `kfp-ts diff` as a user calls them: text, JSON and exit status. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const program = resolve(import.meta.dirname, '../../bin/kfp-ts.js')
const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-validate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PIPELINE = `components: {comp-a: {executorLabel: exec-a}}
deploymentSpec: {executors: {exec-a: {container: {image: 'python:3.11'}}}}
pipelineInfo: {name: demo}
root: {dag: {tasks: {a: {componentRef: {name: comp-a}}}}}
schemaVersion: 2.1.0
`
writeFileSync(join(folder, 'good.yaml'), PIPELINE)
writeFileSync(join(folder, 'same.yaml'), PIPELINE.replaceAll('comp-a', 'comp-b'))
writeFileSync(join(folder, 'other.yaml'), PIPELINE.replace('3.11', '3.12'))
writeFileSync(join(folder, 'bad.yaml'), PIPELINE.replace('name: comp-a}', 'name: comp-x}').replace('demo', 'Demo'))

function kfpTs(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('validate', () => {
  it('says ok', () => {
    expect(kfpTs('validate', 'good.yaml')).toEqual({
      status: 0,
      stdout: 'good.yaml: ok, pipeline "demo" (1 task, 1 component)\n',
      stderr: '',
    })
  })

  it('prints all problems of all files', () => {
    const { status, stdout, stderr } = kfpTs('validate', 'bad.yaml', 'good.yaml')
    expect(status).toBe(2)
    expect(stdout).toContain('good.yaml: ok')
    expect(stderr).toContain('bad.yaml:3:16: error: "Demo" cannot be the name of a pipeline [at pipelineInfo.name]\n')
    expect(stderr).toContain('bad.yaml:4:41: error: there is no component "comp-x"')
    expect(stderr).toContain('  did you mean "comp-a"?\nbad.yaml: 2 errors\n')
  })

  it('prints JSON', () => {
    const { status, stdout, stderr } = kfpTs('validate', '--json', 'bad.yaml', 'good.yaml')
    expect([status, stderr]).toEqual([2, ''])
    const [bad, good] = JSON.parse(stdout)
    expect(good).toEqual({ file: 'good.yaml', valid: true, issues: [] })
    expect(bad.valid).toBe(false)
    expect(bad.issues[0]).toMatchObject({ code: 'bad-name', location: { file: 'bad.yaml', line: 3, column: 16 } })
  })

  it('sends source code to the compiler', () => {
    const { status, stderr } = kfpTs('validate', 'pipeline.ts')
    expect(status).toBe(2)
    expect(stderr).toContain(
      'pipeline.ts: error: the file is source code, not a compiled pipeline\n  "kfp-ts compile pipeline.ts"',
    )
  })

  it('refuses a file that is not there', () => {
    const { status, stderr } = kfpTs('validate', 'nowhere.yaml')
    expect(status).toBe(2)
    expect(stderr).toContain('nowhere.yaml')
    expect(stderr).toContain('there is no such file')
  })
})

describe('diff', () => {
  it('is silent about names of components', () => {
    expect(kfpTs('diff', 'good.yaml', 'same.yaml')).toEqual({ status: 0, stdout: 'no difference\n', stderr: '' })
  })

  it('shows what differs', () => {
    expect(kfpTs('diff', 'good.yaml', 'other.yaml')).toEqual({
      status: 1,
      stdout: '~ root.a.component.container.image: "python:3.11" -> "python:3.12"\n1 difference\n',
      stderr: '',
    })
  })

  it('prints JSON', () => {
    const { status, stdout } = kfpTs('diff', '--json', 'good.yaml', 'other.yaml')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      equal: false,
      differences: [
        { kind: 'changed', path: 'root.a.component.container.image', before: 'python:3.11', after: 'python:3.12' },
      ],
    })
  })

  it('refuses what is no pipeline', () => {
    expect(kfpTs('diff', 'good.yaml', 'bad.yaml').status).toBe(2)
  })
})
