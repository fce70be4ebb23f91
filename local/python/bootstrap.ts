/** Recognises the command of a lightweight Python component of the KFP SDK and reads from it what it installs. Pure. */

export interface PythonBootstrap {
  /** Installs and then runs `"$0" "$@"`; absent when nothing is installed. */
  readonly installScript?: string
  /** One list of arguments for each `pip install` in it, in order. */
  readonly installs: readonly (readonly string[])[]
  /** The script makes an environment of its own (`use_venv`). */
  readonly makesVenv: boolean
}

const INSTALL = /python3 -m pip install --quiet --no-warn-script-location ((?:'[^']*'|"[^"]*"|[^'"&\n])*)/g

/**
 * The two shapes are `sh -c PIP sh -ec MAIN SOURCE` and, with nothing to install, `sh -ec MAIN SOURCE`.
 *
 * @returns undefined when the command is not one of the SDK's Python components
 */
export function readBootstrap(command: readonly string[]): PythonBootstrap | undefined {
  const [shell, flag] = command
  if (shell !== 'sh') return undefined
  if (command.length === 4 && flag === '-ec' && startsExecutor(command[2])) return { installs: [], makesVenv: false }
  const [, , installScript, inner, innerFlag, main] = command
  const known = command.length === 7 && flag === '-c' && inner === 'sh' && innerFlag === '-ec' && startsExecutor(main)
  if (!known || installScript === undefined) return undefined
  return {
    installScript,
    installs: [...installScript.matchAll(INSTALL)].map(([, words]) => shellWords(words ?? '')),
    makesVenv: /python3 -m venv "\$tmp\/venv" --system-site-packages/.test(installScript),
  }
}

function startsExecutor(script: string | undefined): boolean {
  return script?.includes('python3 -m kfp.dsl.executor_main') ?? false
}

/** Splits words as a shell does, for the quoting that the SDK emits. */
function shellWords(text: string): string[] {
  const words = text.match(/(?:'[^']*'|"[^"]*"|\S)+/g) ?? []
  return words.map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
}
