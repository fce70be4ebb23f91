/** `--runtime container` with a stand-in for docker that runs a container's command on this host: what it is asked, and what comes back. */
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeWorkplace, shellPipeline } from './run-tool.ts'

/** Notes how it is called; `run` takes the options that kfp-ts uses and starts the command. */
const STAND_IN = `#!/bin/sh
echo "$@" >> "$CALLS"
[ "$1" = run ] || exit 0
shift
while :; do
  case $1 in
    --rm|--init) shift;;
    --entrypoint) entry=$2; shift 2;;
    --env) export "$2"; shift 2;;
    --*) shift 2;;
    *) break;;
  esac
done
shift
exec "$entry" "$@"
`
let place: ReturnType<typeof makeWorkplace>
beforeEach(() => {
  place = makeWorkplace()
  place.write('bin/docker', STAND_IN)
  chmodSync(join(place.folder, 'bin/docker'), 0o755)
})
afterEach(() => place.remove())

const run = async (yaml: string) => {
  place.write('p.yaml', yaml)
  const env = { PATH: `${join(place.folder, 'bin')}:${process.env['PATH']}`, CALLS: join(place.folder, 'calls') }
  const result = await place.tool(['run', 'p.yaml', '--runtime', 'container', '--no-cache', '--json'], env)
  return { ...result, report: JSON.parse(result.stdout), calls: readFileSync(env.CALLS, 'utf8') }
}

test('a step runs in its image, its outputs come back, and nothing of it stays', async () => {
  const { status, report, calls } = await run(shellPipeline('contained', 'echo -n hello > "$0"', true))
  expect(status).toBe(0)
  expect(report.tasks[0].outputs.parameters).toEqual({ out: expect.stringContaining('hello') })
  const name = /--name (kfp-ts-\w+)/.exec(calls)?.[1]
  expect(calls).toContain(`--volume ${join(place.folder, '.kfp-ts')}:${join(place.folder, '.kfp-ts')}`)
  expect(calls).toContain('--entrypoint sh alpine -c')
  expect(calls).toContain(`rm --force ${name}`)
})

test('its failure is told like any other', async () => {
  const { status, report } = await run(shellPipeline('contained', 'echo oh no; exit 9'))
  expect(status).toBe(1)
  expect(report.error).toMatchObject({
    code: 'application',
    logTail: 'oh no',
    message: expect.stringContaining('exit status 9'),
  })
})
