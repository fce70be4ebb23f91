/** What goes wrong while a pipeline runs: status 1, the cause, the end of the log, and what to do. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../../api/run-report.ts'
import { identityOf } from '../../store/process-identity.ts'
import { makeWorkplace, shellPipeline, TOOL } from './run-tool.ts'

let place: ReturnType<typeof makeWorkplace>
beforeEach(() => {
  place = makeWorkplace()
})
afterEach(() => place.remove())

const run = async (yaml: string, ...args: string[]) => {
  place.write('p.yaml', yaml)
  return place.tool(['run', 'p.yaml', '--host-commands', '--no-cache', ...args])
}

test('a component that exits with 1: its cause, its last lines, where the whole log is', async () => {
  const { status, stdout } = await run(shellPipeline('fails', 'echo the last words; exit 1'))
  expect(status).toBe(1)
  expect(stdout).toContain('FAILED')
  expect(stdout).toContain('failed with exit status 1')
  expect(stdout).toContain('| the last words')
  expect(stdout).toMatch(/kfp-ts logs fails-\S+ step/)
  expect(stdout).toMatch(/kfp-ts run --resume fails-/)
})

test('--json prints one object and nothing else', async () => {
  const { status, stdout } = await run(shellPipeline('fails', 'echo the last words; exit 1'), '--json')
  const report = JSON.parse(stdout) as RunReport
  expect(status).toBe(1)
  expect(report).toMatchObject({
    pipeline: 'fails',
    state: 'FAILED',
    error: { code: 'application', task: 'root/step' },
  })
  expect(report.tasks.find(({ path }) => path === 'root/step')).toMatchObject({ state: 'FAILED', attempts: 1 })
})

test('a component that writes no output', async () => {
  const { status, stdout } = await run(shellPipeline('silent', 'exit 0', true))
  expect(status).toBe(1)
  expect(stdout).toMatch(/output.*out|"out"/)
})

test('a component that is killed', async () => {
  const { status, stdout } = await run(shellPipeline('killed', 'kill -9 $$'))
  expect(status).toBe(1)
  expect(stdout).toContain('SIGKILL')
})

test('an input file that is missing', async () => {
  const { status, stdout } = await run(shellPipeline('missing', 'cat /no/such/data.csv'))
  expect(status).toBe(1)
  expect(stdout).toContain('/no/such/data.csv')
})

test('a component that prints 100 MB: all of it is in the log, the tool stays small', async () => {
  place.write('p.yaml', shellPipeline('chatty', 'head -c 100000000 /dev/zero | tr "\\0" "x"; echo; echo the end'))
  const tool = spawn(TOOL, ['run', 'p.yaml', '--host-commands', '--no-cache'], { cwd: place.folder, stdio: 'ignore' })
  let peakKilobytes = 0
  const watch = setInterval(() => {
    peakKilobytes = Math.max(peakKilobytes, peakMemoryKilobytes(tool.pid!))
  }, 10)
  const [status] = await once(tool, 'exit')
  clearInterval(watch)
  expect(status).toBe(0)
  expect(peakKilobytes).toBeLessThan(200_000)
  const [id] = readdirSync(join(place.folder, '.kfp-ts/runs'))
  const log = join(place.folder, '.kfp-ts/runs', id!, 'logs/root/step/attempt-1.log')
  expect(statSync(log).size).toBe(100_000_009)
  expect((await place.run('sh', ['-c', `${TOOL} logs last step | tail -n 1`])).stdout).toBe('the end\n')
})

/** 0 where the system does not tell, or the process is gone. */
function peakMemoryKilobytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

test('a component that hangs is ended with everything that it started', async () => {
  const { status, stdout } = await run(shellPipeline('hangs', 'sleep 1234 & echo $!; wait'), '--task-timeout', '200ms')
  expect(status).toBe(1)
  expect(stdout).toMatch(/took longer than 0\.2 s/)
  const child = Number(await place.tool(['logs', 'last', 'step']).then(({ stdout }) => stdout.split('\n')[0]))
  expect(child).toBeGreaterThan(1)
  expect(identityOf(child).startTicks).toBeUndefined()
})

test('a run that takes too long', async () => {
  const { status, stdout } = await run(shellPipeline('long', 'sleep 1234'), '--timeout', '200ms')
  expect(status).toBe(1)
  expect(stdout).toContain('FAILED')
})

test('a container component without a way to run it', async () => {
  place.write('p.yaml', shellPipeline('contained', 'echo hello'))
  const { status, stderr } = await place.tool(['run', 'p.yaml'])
  expect(status).toBe(2)
  expect(stderr).toContain('exec-step is a container component (image alpine)')
  expect(stderr).toContain('--host-commands')
})

test('no docker and no podman', async () => {
  place.write('p.yaml', shellPipeline('contained', 'echo hello'))
  const { status, stderr } = await place.tool(['run', 'p.yaml', '--runtime', 'container'], { PATH: '/usr/bin:/bin' })
  if (status === 2) expect(stderr).toContain('--runtime container needs docker or podman')
  else expect(status).toBe(0)
})

test('no Python', async () => {
  const main = 'python3 -m kfp.dsl.executor_main --component_module_path x "$@"'
  const yaml = shellPipeline('python', 'x').replace('[sh, -c, "x"]', `[sh, -ec, ${JSON.stringify(main)}, "import kfp"]`)
  // The recogniser wants the four words of the SDK's command.
  place.write('p.yaml', yaml.replace('"import kfp"]', '"import kfp\\n"]'))
  const { status, stderr } = await place.tool(['run', 'p.yaml'], { KFP_TS_PYTHON: '/no/such/python' })
  expect(status).toBe(2)
  expect(stderr).toContain('no Python on this machine')
  expect(stderr).toContain('KFP_TS_PYTHON')
})

const canMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0

test.skipIf(!canMount)('a full disk: said so, and the run goes on once there is space', async () => {
  place.write('p.yaml', shellPipeline('full', 'dd if=/dev/zero of=big bs=64k count=1000 && echo never'))
  const script = `mkdir root && mount -t tmpfs -o size=400k tmpfs root && ${TOOL} run p.yaml --host-commands --no-cache --root root`
  const { status, stderr, stdout } = await place.run('unshare', ['--mount', 'sh', '-c', script])
  expect(status).toBe(1)
  expect(stderr + stdout).toContain('disk is full')
  expect(stderr + stdout).toContain('--resume full-')
})
