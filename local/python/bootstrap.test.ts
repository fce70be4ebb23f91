import { expect, test } from 'vitest'
import { readBootstrap } from './bootstrap.ts'

const MAIN =
  'program_path=$(mktemp -d)\n_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path x "$@"\n'
const GUARD = '\nif ! [ -x "$(command -v pip)" ]; then\n    python3 -m ensurepip\nfi\n\n'
const PIP = 'python3 -m pip install --quiet --no-warn-script-location'
const KFP = `${PIP} 'kfp==2.14.3' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<"3.9"'`
const KFP_WORDS = ['kfp==2.14.3', '--no-deps', 'typing-extensions>=3.7.4,<5; python_version<"3.9"']

const command = (script: string) => ['sh', '-c', script, 'sh', '-ec', MAIN, '\nimport kfp\n']

test('kfp alone', () => {
  const script = `${GUARD}PIP_DISABLE_PIP_VERSION_CHECK=1 ${KFP} && "$0" "$@"\n`
  expect(readBootstrap(command(script))).toEqual({ installScript: script, installs: [KFP_WORDS], makesVenv: false })
})

test('packages with index options, before kfp, in an own environment', () => {
  const venv = 'tmp=$(mktemp -d)\npython3 -m venv "$tmp/venv" --system-site-packages\n. "$tmp/venv/bin/activate"\n'
  const user = `${PIP} --index-url https://example.test/simple 'yapf' 'pandas==2.*'`
  const script = `${GUARD}PIP_DISABLE_PIP_VERSION_CHECK=1 ${user}  &&  \n${venv} ${KFP} && "$0" "$@"\n`
  const found = readBootstrap(command(script))
  expect(found?.installs).toEqual([['--index-url', 'https://example.test/simple', 'yapf', 'pandas==2.*'], KFP_WORDS])
  expect(found?.makesVenv).toBe(true)
})

test('nothing to install', () => {
  expect(readBootstrap(['sh', '-ec', MAIN, '\nimport kfp\n'])).toEqual({ installs: [], makesVenv: false })
})

test.each([
  [[]],
  [['sh', '-c', 'echo hello']],
  [['python3', '-m', 'kfp.dsl.executor_main']],
  [['sh', '-c', 'x', 'sh', '-ec', 'echo other', 'source']],
])('%j is no Python component of the SDK', (words) => {
  expect(readBootstrap(words)).toBeUndefined()
})
