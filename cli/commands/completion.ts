/** `kfp-ts completion`: prints the script that makes a shell ask `kfp-ts --get-yargs-completions` (answered in cli/main.ts). */
import { basename } from 'node:path'
import type { Command } from './index.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

interface CompletionArgs {
  readonly shell?: Shell | undefined
}

export const command: Command<CompletionArgs> = {
  command: 'completion [shell]',
  describe: 'Print a completion script. Put its output where your shell reads such scripts.',
  builder: (yargs) =>
    yargs
      .positional('shell', { choices: SHELLS, describe: 'Which shell; default: the one of $SHELL' })
      .example('$0 completion bash >> ~/.bashrc', '')
      .example('$0 completion zsh > "${fpath[1]}/_kfp-ts"', '')
      .example('$0 completion fish > ~/.config/fish/completions/kfp-ts.fish', ''),
  handler: ({ shell }) => {
    process.stdout.write(SCRIPTS[shell ?? shellOf(process.env['SHELL'])])
  },
}

function shellOf(path: string | undefined): Shell {
  const name = basename(path ?? '')
  return SHELLS.find((shell) => shell === name) ?? 'bash'
}

/** Each script asks for words and falls back to file names where there are none. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_kfp_ts_completions() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(SHELL=bash kfp-ts --get-yargs-completions "\${COMP_WORDS[@]}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _kfp_ts_completions kfp-ts
`,
  zsh: `#compdef kfp-ts
_kfp_ts_completions() {
  local -a reply
  reply=("\${(@f)$(SHELL=zsh kfp-ts --get-yargs-completions "\${words[@]}" 2>/dev/null)}")
  if [[ -n "\${reply[*]}" ]]; then _describe 'values' reply; else _files; fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then _kfp_ts_completions "$@"; else compdef _kfp_ts_completions kfp-ts; fi
`,
  fish: `complete -c kfp-ts -a '(SHELL=fish kfp-ts --get-yargs-completions kfp-ts (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}
