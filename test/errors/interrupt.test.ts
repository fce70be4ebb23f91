/** Ctrl-C, kill -9 and resume: what was finished stays finished, nothing runs twice, exit statuses survive. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identityOf, isAlive } from '../../store/process-identity.ts'
import { makeWorkplace, TOOL } from './run-tool.ts'

let place: ReturnType<typeof makeWorkplace>
beforeEach(() => {
  place = makeWorkplace()
})
afterEach(() => place.remove())

const file = (name: string) => join(place.folder, name)
const timesRun = (step: string) => readFileSync(file(`ran-${step}`), 'utf8').length
const made = async (name: string) => {
  while (!existsSync(file(name))) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** `first`, then `second`, which says when it runs and waits for the file `go`. */
function writePipeline(inSecond = '') {
  const wait = `${inSecond} : > ready; until [ -e go ]; do sleep 0.02; done; exit \${CODE:-0}`
  const script = (text: string) => JSON.stringify(`cd '${place.folder}'; ${text}`)
  place.write(
    'p.yaml',
    `components: {comp-first: {executorLabel: first}, comp-second: {executorLabel: second}}
deploymentSpec:
  executors:
    first: {container: {image: alpine, command: [sh, -c, ${script('printf x >> ran-first')}]}}
    second: {container: {image: alpine, command: [sh, -c, ${script(`printf x >> ran-second; ${wait}`)}]}}
pipelineInfo: {name: two-steps}
root:
  dag:
    tasks:
      first: {componentRef: {name: comp-first}, taskInfo: {name: first}}
      second: {componentRef: {name: comp-second}, taskInfo: {name: second}, dependentTasks: [first]}
schemaVersion: 2.1.0
`,
  )
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const tool = spawn(TOOL, [...args, '--host-commands'], {
    cwd: place.folder,
    stdio: 'ignore',
    env: { ...process.env, ...env },
  })
  const exit = once(tool, 'exit').then(
    ([code, signal]) => ({ code, signal }) as { code: number | null; signal: string | null },
  )
  return { tool, exit }
}

test('Ctrl-C stops the steps and exits with 130; resume runs only what was not finished', async () => {
  writePipeline()
  const { tool, exit } = start(['run', 'p.yaml'])
  await made('ready')
  tool.kill('SIGINT')
  expect(await exit).toEqual({ code: 130, signal: null })
  expect((await place.tool(['runs'])).stdout).toMatch(/INTERRUPTED\s+two-steps-/)
  writeFileSync(file('go'), '')
  const resumed = await place.tool(['run', '--resume', 'last', '--json'])
  expect(JSON.parse(resumed.stdout).state).toBe('SUCCEEDED')
  expect(resumed.status).toBe(0)
  expect([timesRun('first'), timesRun('second')]).toEqual([1, 2])
})

test('a second Ctrl-C kills a step that does not listen', async () => {
  writePipeline("trap '' TERM INT;")
  const { tool, exit } = start(['run', 'p.yaml'])
  await made('ready')
  tool.kill('SIGINT')
  tool.kill('SIGINT')
  // Two signals at once may be seen as one: go on asking.
  const again = setInterval(() => tool.kill('SIGINT'), 200)
  expect(await exit).toEqual({ code: 130, signal: null })
  clearInterval(again)
})

test('kill -9 while a step runs: resume waits for that very step', async () => {
  writePipeline()
  const killed = start(['run', 'p.yaml'])
  await made('ready')
  killed.tool.kill('SIGKILL')
  await killed.exit
  const resumed = start(['run', '--resume', 'last'])
  const busy = await refusedSecondResume()
  expect(busy).toContain('is being carried out by process')
  writeFileSync(file('go'), '')
  expect(await resumed.exit).toEqual({ code: 0, signal: null })
  expect([timesRun('first'), timesRun('second')]).toEqual([1, 1])
})

/** Until the first resume holds the lock, the question is asked by nobody else. */
async function refusedSecondResume(): Promise<string> {
  for (;;) {
    const { stdout } = await place.tool(['runs'])
    if (stdout.includes('RUNNING')) break
  }
  return (await place.tool(['run', '--resume', 'last', '--host-commands'])).stderr
}

test('kill -9, then the step fails by itself: its exit status is not lost', async () => {
  writePipeline()
  const killed = start(['run', 'p.yaml'], { CODE: '7' })
  await made('ready')
  killed.tool.kill('SIGKILL')
  await killed.exit
  writeFileSync(file('go'), '')
  const resumed = await place.tool(['run', '--resume', 'last', '--json'])
  const report = JSON.parse(resumed.stdout)
  expect(report.state).toBe('FAILED')
  expect(report.error.message).toContain('exit status 7')
  expect(resumed.status).toBe(1)
  expect([timesRun('first'), timesRun('second')]).toEqual([1, 1])
})

test('resume of a failed run tries again what failed', async () => {
  writePipeline()
  writeFileSync(file('go'), '')
  const failed = start(['run', 'p.yaml'], { CODE: '3' })
  expect((await failed.exit).code).toBe(1)
  expect((await place.tool(['run', '--resume', 'last'])).status).toBe(0)
  expect([timesRun('first'), timesRun('second')]).toEqual([1, 2])
})

test('who reads the output leaves: the run goes on, and its exit status is kept', async () => {
  writePipeline()
  const tool = spawn(TOOL, ['run', 'p.yaml', '--host-commands'], {
    cwd: place.folder,
    env: { ...process.env, CODE: '3' },
  })
  const exit = once(tool, 'exit')
  await made('ready')
  tool.stdout.destroy()
  tool.stderr.destroy()
  writeFileSync(file('go'), '')
  expect(await exit).toEqual([1, null])
  expect((await place.tool(['runs'])).stdout).toMatch(/FAILED\s+two-steps-/)
})

test('who reads the output leaves at Ctrl-C: the steps are ended all the same', async () => {
  writePipeline()
  const tool = spawn(TOOL, ['run', 'p.yaml', '--host-commands'], { cwd: place.folder })
  const exit = once(tool, 'exit')
  await made('ready')
  tool.stdout.destroy()
  tool.stderr.destroy()
  tool.kill('SIGHUP')
  expect(await exit).toEqual([130, null])
})

/** A run that failed, and whose retry was killed while `second` went on: the step, and what of it the tool tells. */
async function killedRetry() {
  writePipeline('echo $$ > pid;')
  writeFileSync(file('go'), '')
  await start(['run', 'p.yaml'], { CODE: '3' }).exit
  for (const name of ['go', 'ready', 'pid']) rmSync(file(name))
  const retry = start(['run', '--resume', 'last'])
  await made('ready')
  retry.tool.kill('SIGKILL')
  await retry.exit
  return identityOf(Number(readFileSync(file('pid'), 'utf8')))
}

test('kill -9 in a retry: no command tells the old end, and cancel ends the step', async () => {
  const step = await killedRetry()
  expect((await place.tool(['runs'])).stdout).toMatch(/INTERRUPTED\s+two-steps-/)
  expect((await place.tool(['describe', 'last'])).stdout).toContain('INTERRUPTED')
  expect(isAlive(step)).toBe(true)
  expect((await place.tool(['cancel', 'last'])).stdout).toMatch(/ is canceled\n$/)
  expect(isAlive(step)).toBe(false)
  expect((await place.tool(['runs'])).stdout).toMatch(/CANCELED\s+two-steps-/)
  expect((await place.tool(['describe', 'last'])).stdout).toContain('CANCELED')
  expect((await place.tool(['cancel', 'last'])).stderr).toContain('does not run (CANCELED)')
})

test('kill -9, then delete: the step is ended before its folder goes', async () => {
  const step = await killedRetry()
  expect((await place.tool(['delete', 'last'])).stdout).toMatch(/ is deleted\n$/)
  expect(isAlive(step)).toBe(false)
})

test('a cancel counts while a resume still looks at what there is', async () => {
  writePipeline()
  const killed = start(['run', 'p.yaml'])
  await made('ready')
  killed.tool.kill('SIGKILL')
  await killed.exit
  place.write('bin/docker', `#!/bin/sh\n: > asked; until [ -e answer ]; do sleep 0.02; done\n`)
  chmodSync(file('bin/docker'), 0o755)
  const PATH = `${file('bin')}:${process.env['PATH']}`
  const resumed = start(['run', '--resume', 'last', '--runtime', 'container'], { PATH })
  await made('asked')
  expect((await place.tool(['cancel', 'last'])).stdout).toContain('is being canceled')
  writeFileSync(file('answer'), '')
  expect((await resumed.exit).code).toBe(1)
  expect((await place.tool(['runs'])).stdout).toMatch(/CANCELED\s+two-steps-/)
})
