/** The Python environments of tests and measurements: each recipe is made once, kept in the user's cache and used by all. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'venvs')

export interface Recipe {
  /** Folder in the cache. Whoever changes the packages changes it too. */
  readonly name: string
  /** What pip is asked for. */
  readonly packages: readonly string[]
}

/** A recipe that is named by its packages. */
export function recipe(...packages: string[]): Recipe {
  const hash = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12)
  return { name: `servers-${hash}`, packages }
}

export const KFP_VERSION = '2.17.0'
export const KFP_2 = recipe(`kfp==${KFP_VERSION}`)
/** With kfp-kubernetes, whose protobuf describes the second document. */
export const KFP_KUBERNETES: Recipe = {
  name: `ir-kfp-${KFP_VERSION}`,
  packages: [...KFP_2.packages, `kfp-kubernetes==${KFP_VERSION}`],
}
export const AIRFLOW: Recipe = { name: 'airflow-core-3.3.2', packages: ['apache-airflow-core==3.3.2'] }
export const SCIKIT_LEARN: Recipe = { name: 'scikit-learn-1.7.2', packages: ['scikit-learn==1.7.2'] }
export const MLFLOW_3 = recipe('mlflow==3.17.2', 'scikit-learn')
export const MLFLOW_2 = recipe('mlflow-skinny==2.22.5', 'scikit-learn', 'pandas')
export const ONNX = recipe('onnx', 'skl2onnx', 'onnxruntime', 'scikit-learn', 'pandas')

/** @returns the environment's folder; nobody may install into it: see `freshOracleEnvironment` */
export async function pythonEnvironment({ name, packages }: Recipe): Promise<string> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  await mkdir(CACHE, { recursive: true })
  // Several processes may do this at once: each builds its own, the first to finish wins.
  const building = `${folder}.${process.pid}`
  try {
    await run('python3', ['-m', 'venv', '--copies', building])
    const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...packages]
    await run(join(building, 'bin/python'), install, { maxBuffer: 64 << 20 })
    await renameInScripts(building, folder)
    await rename(building, folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return folder
}

/** Programs such as `mlflow` and `pip` name their environment. Their files are made anew: others may be linked to the old ones. */
export async function renameInScripts(from: string, to: string, folder = from): Promise<void> {
  for (const name of await readdir(join(folder, 'bin'))) {
    const file = join(folder, 'bin', name)
    const { size, mode } = await lstat(file)
    if (name.startsWith('python') || size > 100_000) continue
    const text = await readFile(file, 'utf8').catch(() => '')
    if (!text.includes(from)) continue
    await rm(file)
    await writeFile(file, text.replaceAll(from, to), { mode })
  }
}
