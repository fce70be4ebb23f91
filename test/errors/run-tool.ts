/** Runs the command line as a new user does: a process, its streams, its exit status. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const TOOL = resolve(import.meta.dirname, '../../bin/kfp-ts.js')

export interface ToolResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder to work in, with a way to call the tool there. */
export function makeWorkplace() {
  const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-errors-'))
  const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<ToolResult>((done) => {
      const options = { cwd: folder, env: { ...process.env, NO_COLOR: '1', ...env }, maxBuffer: 16 << 20 }
      execFile(program, [...args], options, (error, stdout, stderr) => {
        done({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr })
      })
    })
  return {
    folder,
    write: (name: string, content: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    tool: (args: readonly string[], env?: Readonly<Record<string, string>>) => run(TOOL, args, env),
    run,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A pipeline of one container task that runs a shell script; the output, where there is one, is text named `out`. */
export function shellPipeline(name: string, script: string, withOutput = false): string {
  const output = withOutput ? ', outputDefinitions: {parameters: {out: {parameterType: STRING}}}' : ''
  const file = withOutput ? `, "{{$.outputs.parameters['out'].output_file}}"` : ''
  return `components: {comp-step: {executorLabel: exec-step${output}}}
deploymentSpec: {executors: {exec-step: {container: {image: alpine, command: [sh, -c, ${JSON.stringify(script)}${file}]}}}}
pipelineInfo: {name: ${name}}
root: {dag: {tasks: {step: {componentRef: {name: comp-step}, taskInfo: {name: step}}}}}
schemaVersion: 2.1.0
`
}
