/** Before a run starts: can every step run on this machine at all? All problems at once. */
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { isPodless } from '../api/wait.ts'
import { NO_PYTHON } from './python/interpreter.ts'
import { stepKind } from './step-kind.ts'

export interface Machine {
  readonly runtime: 'process' | 'container'
  readonly hostCommands: boolean
  readonly hasPython: () => Promise<boolean>
  readonly containerProgram: 'docker' | 'podman' | undefined
}

/** @throws InvalidInputError naming each step that can't run here and what to do */
export async function checkMachine(document: PipelineDocument, machine: Machine): Promise<void> {
  const issues = machine.runtime === 'container' ? containerIssues(machine) : await processIssues(document, machine)
  if (issues.length > 0) throw new InvalidInputError(issues)
}

function containerIssues({ containerProgram }: Machine): Issue[] {
  if (containerProgram) return []
  return [
    {
      code: 'no-container-runtime',
      severity: 'error',
      path: '',
      message: '--runtime container needs docker or podman, and neither works on this machine',
      hint: 'install one of them and start it, or run the steps as processes (--runtime process)',
    },
  ]
}

async function processIssues(document: PipelineDocument, machine: Machine): Promise<Issue[]> {
  const executors = Object.entries(document.spec.deploymentSpec.executors ?? {})
  const steps = executors.flatMap(([label, { container }]) =>
    container && !isPodless(container.image)
      ? [{ label, image: container.image, ...stepKind(container.command ?? [], container.args ?? []) }]
      : [],
  )
  const issues = machine.hostCommands
    ? []
    : steps.filter(({ kind }) => kind === 'container').map(({ label, image }) => needsItsImage(label, image))
  const python = steps.filter(({ kind }) => kind === 'python')
  if (python.length > 0 && !(await machine.hasPython())) issues.push(noPython(python.map(({ label }) => label)))
  return issues
}

function needsItsImage(label: string, image: string): Issue {
  return {
    code: 'needs-container',
    severity: 'error',
    path: `deploymentSpec.executors.${label}`,
    message: `${label} is a container component (image ${image}), and containers are not used here`,
    hint: 'add --host-commands to run its command on this host instead, or --runtime container to use docker or podman',
  }
}

function noPython(labels: readonly string[]): Issue {
  return {
    code: 'no-python',
    severity: 'error',
    path: `deploymentSpec.executors.${labels[0]}`,
    message: `${NO_PYTHON}: ${labels.join(', ')} need${labels.length === 1 ? 's' : ''} a python3 in PATH`,
    hint: 'install Python 3.9 or newer with its venv module, or name one in the variable KFP_TS_PYTHON',
  }
}
