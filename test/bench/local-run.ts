/**
 * What three tiny tasks in a row cost here: our run, kfp.local's, and the bare processes that neither can beat; and what
 * compiling and starting up cost. Run by `make bench`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { KFP_2, KFP_VERSION, pythonEnvironment } from '../python-environment.ts'
import { measure, printTable } from './measure.ts'

const HERE = import.meta.dirname
const TOOL = resolve(HERE, '../../bin/kfp-ts.js')
const RUNS = 5

const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-bench-'))
const bin = join(await pythonEnvironment(KFP_2), 'bin')
/** The components of kfp.local say `python3`: it has to be this environment's. */
const kfpEnv = { ...process.env, PATH: `${bin}:${process.env['PATH']}` }
const python = (...args: string[]) =>
  execFileSync(join(bin, 'python'), args, { env: kfpEnv, cwd: folder, stdio: 'pipe' })
const ours = (...args: string[]) => execFileSync(TOOL, args, { cwd: folder, stdio: 'pipe' })
const side = join(HERE, 'kfp_side.py')
const source = join(HERE, 'three-tiny-tasks.ts')
const compiled = join(folder, 'python.yaml')
const run = (file: string) => ours('run', file, '--json', '--no-cache', '--root', join(folder, 'root'))

/** Three interpreters one after the other that only load what an SDK component loads. */
function barePython() {
  for (let task = 0; task < 3; task++) {
    execFileSync(join(bin, 'python'), ['-c', 'import kfp.dsl.executor_main'], {
      env: { ...kfpEnv, _KFP_RUNTIME: 'true' },
    })
  }
}

function bareNode() {
  for (let task = 0; task < 3; task++) execFileSync(process.execPath, ['-e', '0'])
}

try {
  python(side, 'compile', compiled)
  const pythonTasks = [
    await measure('kfp-ts run', RUNS, () => run(compiled)),
    await measure(`kfp.local ${KFP_VERSION} (SubprocessRunner)`, RUNS, () =>
      python(side, 'local', join(folder, 'oracle')),
    ),
    await measure('three bare python3 processes', RUNS, barePython),
  ]
  console.log(printTable('Three tiny Python tasks, one after the other (goal: at most 1/5 of kfp.local)', pythonTasks))
  const nodeTasks = [
    await measure('kfp-ts run', RUNS, () => run(source)),
    await measure('three bare node processes', RUNS, bareNode),
  ]
  console.log(printTable('The same in TypeScript', nodeTasks))
  const compiling = [
    await measure('kfp-ts compile', RUNS, () => ours('compile', source, '-o', join(folder, 'ours.yaml'))),
    await measure(`kfp ${KFP_VERSION} compile`, RUNS, () => python(side, 'compile', compiled)),
  ]
  console.log(printTable('Compile three tiny tasks, whole process (goal: at most 1/5)', compiling))
  const startUp = [
    await measure('kfp-ts --help', 11, () => ours('--help')),
    await measure('node -e 0', 11, () => execFileSync(process.execPath, ['-e', '0'])),
    await measure(`python -c 'import kfp' (kfp ${KFP_VERSION})`, RUNS, () => python('-c', 'import kfp')),
  ]
  console.log(printTable('Start-up', startUp))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
