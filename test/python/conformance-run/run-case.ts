/** Runs one case of the corpus as a user would, `kfp-ts run FILE --host-commands --json`, and says what differs from the table. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { RuntimeArtifact } from '../../../api/executor-io.ts'
import type { JsonValue } from '../../../api/json.ts'
import type { RunReport, TaskReport } from '../../../api/run-report.ts'
import { logPath, runPaths } from '../../../store/run-folder.ts'
import { corpusFolder } from '../../conformance/corpus.ts'
import type { ArtifactExpectation, ConformanceCase, Observed, StepExpectation } from '../../conformance/expectation.ts'
import { standInVariables } from './stand-ins.ts'

const program = resolve(import.meta.dirname, '../../../bin/kfp-ts.js')
const RUN_TIMEOUT_MILLIS = 600_000

export interface CaseResult {
  /** Nothing when the run showed what the table says. */
  readonly problems: readonly string[]
  /** Pipeline outputs with artifacts by content, for the comparison with the oracle. */
  readonly outputs: Readonly<Record<string, unknown>>
  readonly state: string
}

export async function runCase(one: ConformanceCase): Promise<CaseResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-conformance-'))
  try {
    const { report, error } = await run(one, folder)
    if (!report) return { problems: [error], outputs: {}, state: 'ERROR' }
    const observed = observe(report, folder)
    const problems = differences(one, observed)
    return { problems, outputs: contentOf(report.outputs), state: report.state }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function run(one: ConformanceCase, folder: string): Promise<{ report?: RunReport; error: string }> {
  const scratch = join(folder, 'scratch')
  await mkdir(scratch)
  const parameters = join(folder, 'parameters.json')
  const fill = (text: string) => text.replaceAll('SCRATCH', scratch)
  await writeFile(parameters, fill(JSON.stringify(one.arguments ?? {})))
  const file = await pipelineFile(one, folder)
  const args = ['run', file, '--host-commands', '--json', '--no-cache', '--root', join(folder, 'root')]
  const flags = one.flags?.map(fill) ?? []
  const standIns = await standInVariables(one.standIns ?? [], folder, process.env['PATH'] ?? '')
  const env = { ...process.env, ...one.environment, ...standIns }
  const options = { cwd: folder, env, maxBuffer: 64 << 20, timeout: RUN_TIMEOUT_MILLIS }
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((done) => {
    execFile(program, [...args, '--params-file', parameters, ...flags], options, (_, out, err) =>
      done({ stdout: out, stderr: err }),
    )
  })
  try {
    return { report: JSON.parse(stdout) as RunReport, error: '' }
  } catch {
    return { error: `no report: ${stdout.slice(0, 500)}${stderr.slice(0, 1500)}` }
  }
}

/** The file of the case, or a changed copy of it in `folder`. */
export async function pipelineFile(one: ConformanceCase, folder: string): Promise<string> {
  const original = join(corpusFolder, 'valid', one.file)
  if (one.sdkVersion === undefined) return original
  const text = readFileSync(original, 'utf8')
  const changed = join(folder, 'pipeline.yaml')
  await writeFile(changed, text.replaceAll(/'kfp==[\d.]+'/g, `'kfp==${one.sdkVersion}'`))
  return changed
}

function observe(report: RunReport, folder: string): Observed {
  const steps = new Map(report.tasks.map((task) => [task.path, task]))
  const step = (path: string) => steps.get(`root/${path}`)
  const paths = runPaths(join(folder, 'root'), report.runId)
  const log = (path: string) => {
    const attempts = step(path)?.attempts ?? 0
    const files = Array.from({ length: attempts }, (_, index) => logPath(paths, `root/${path}`, index + 1))
    return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
  }
  const output = (path: string, name = 'Output') => step(path)?.outputs.parameters[name]
  return { report, step, log, output, scratch: join(folder, 'scratch') }
}

function differences(one: ConformanceCase, observed: Observed): string[] {
  const { report } = observed
  const problems: string[] = []
  const expectSame = (what: string, actual: unknown, expected: unknown) => {
    if (canonical(actual) !== canonical(expected)) problems.push(`${what} is ${show(actual)}, not ${show(expected)}`)
  }
  const reason = report.error ? ` (${report.error.task}: ${report.error.message} ${report.error.logTail ?? ''})` : ''
  if (report.state !== (one.state ?? 'SUCCEEDED')) problems.push(`the run is ${report.state}${reason.slice(0, 1500)}`)
  for (const [name, value] of Object.entries(one.outputs ?? {}))
    expectSame(`output ${name}`, report.outputs[name], value)
  const contents = contentOf(report.outputs) as Record<string, { text: string } | { text: string }[]>
  for (const [name, text] of Object.entries(one.artifacts ?? {})) {
    const found = contents[name]
    expectSame(`artifact ${name}`, Array.isArray(found) ? found.map((item) => item.text) : found?.text, text)
  }
  for (const [path, expectation] of Object.entries(one.steps ?? {})) {
    problems.push(...stepDifferences(path, expectation, observed))
  }
  return [...problems, ...(one.check?.(observed) ?? [])]
}

function stepDifferences(path: string, expectation: StepExpectation, observed: Observed): string[] {
  const step = observed.step(path)
  if (!step)
    return [
      `there is no step ${path}; there are ${observed.report.tasks.map((task) => task.path).join(' ')}`.slice(0, 1500),
    ]
  const problems: string[] = []
  if (step.state !== (expectation.state ?? 'SUCCEEDED')) {
    problems.push(`${path} is ${step.state}: ${step.error?.message ?? ''} ${step.error?.logTail ?? ''}`.slice(0, 1500))
  }
  for (const [name, value] of Object.entries(expectation.parameters ?? {})) {
    const actual = step.outputs.parameters[name]
    if (canonical(actual) !== canonical(value))
      problems.push(`${path} gave ${name} = ${show(actual)}, not ${show(value)}`)
  }
  for (const [name, artifact] of Object.entries(expectation.artifacts ?? {})) {
    problems.push(...artifactDifferences(`${path}/${name}`, step, name, artifact))
  }
  for (const text of [expectation.log ?? []].flat()) {
    if (!observed.log(path).includes(text))
      problems.push(`the log of ${path} lacks ${show(text)}: ${show(observed.log(path))}`)
  }
  return problems
}

function artifactDifferences(what: string, step: TaskReport, name: string, expected: ArtifactExpectation): string[] {
  const artifact = step.outputs.artifacts[name]?.[0]
  if (!artifact) return [`there is no artifact ${what}`]
  const problems: string[] = []
  const { text } = artifactContent(artifact)
  if (expected.text !== undefined && text !== expected.text) {
    problems.push(`${what} holds ${show(text)}, not ${show(expected.text)}`)
  }
  for (const [key, value] of Object.entries(expected.metadata ?? {})) {
    if (canonical(artifact.metadata[key]) === canonical(value)) continue
    problems.push(`${what} has metadata ${key} = ${show(artifact.metadata[key])}, not ${show(value)}`)
  }
  return problems
}

/** Artifacts by content and metadata: paths differ from run to run. */
function contentOf(outputs: Readonly<Record<string, JsonValue>>): Record<string, unknown> {
  const plain = (value: JsonValue | undefined): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value === 'object' && value !== null && 'uri' in value) {
      return artifactContent(value as unknown as RuntimeArtifact)
    }
    return value
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, plain(value)]))
}

function artifactContent(artifact: RuntimeArtifact): { text: string | null; metadata: unknown } {
  const path = artifact.customPath ?? artifact.uri.replace(/^file:\/\//, '')
  return { text: existsSync(path) ? readFileSync(path, 'utf8') : null, metadata: artifact.metadata }
}

/** JSON with sorted keys; numbers in texts by value, as kfp.local writes 1.0 for 1. */
export function canonical(value: unknown): string {
  const sorted = (_: string, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  return (JSON.stringify(value, sorted) ?? 'undefined').replaceAll(/(?<![\d.])(\d+)\.0(?!\d)/g, '$1')
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
