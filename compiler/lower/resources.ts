/** CPU, memory and accelerator settings to the IR's resource fields (kfp-ir.md 4.1). */
import type { Issue } from '../../api/issue.ts'
import type { ResourceSpec } from '../../api/pipeline-spec.ts'
import type { GroupNode, SettingText, TaskNode } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { isDynamic, type TaskInputs, templateText } from './values.ts'

const CPU = /^(\d*\.)?\d+m?$/
const MEMORY = /^\d+(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki)?$/
const GIGA = 1e9
const UNITS: Readonly<Record<string, number>> = {
  E: 1e18,
  P: 1e15,
  T: 1e12,
  G: 1e9,
  M: 1e6,
  K: 1e3,
  Ei: 2 ** 60,
  Pi: 2 ** 50,
  Ti: 2 ** 40,
  Gi: 2 ** 30,
  Mi: 2 ** 20,
  Ki: 2 ** 10,
}

/** Resources of a task, or undefined when none are set. Settings from parameters also become undeclared inputs. */
export function lowerResources(
  task: TaskNode,
  inputs: TaskInputs,
  group: GroupNode,
  issues: Issue[],
): ResourceSpec | undefined {
  const { settings } = task
  const text = (setting: SettingText, inputName: string): string => {
    const value = templateText(inputs, setting, group)
    if (isDynamic(setting)) inputs.parameters[inputName] = { runtimeValue: { constant: value } }
    return value
  }
  const complain = (what: string, value: string, hint: string): void => {
    issues.push(
      makeIssue({
        code: 'wrong-resource',
        message: `task "${task.key}": ${what} cannot be "${value}"`,
        hint,
        site: task.site,
      }),
    )
  }
  const cpu = (setting: SettingText | undefined, input: string) =>
    quantity(setting, input, CPU, cores, 'write cores such as "2", "0.5" or "500m"')
  const memory = (setting: SettingText | undefined, input: string) =>
    quantity(setting, input, MEMORY, gigabytes, 'write bytes with a unit such as "512Mi" or "2G"')
  function quantity(
    setting: SettingText | undefined,
    input: string,
    pattern: RegExp,
    toNumber: (value: string) => number,
    hint: string,
  ) {
    if (!setting) return undefined
    const value = text(setting, input)
    if (isDynamic(setting)) return { text: value }
    if (!pattern.test(value)) complain(input.replace('_', ' '), value, hint)
    return { text: value, number: toNumber(value) }
  }
  const cpuLimit = cpu(settings.cpuLimit, 'cpu_limit')
  const cpuRequest = cpu(settings.cpuRequest, 'cpu_request')
  const memoryLimit = memory(settings.memoryLimit, 'memory_limit')
  const memoryRequest = memory(settings.memoryRequest, 'memory_request')
  const accelerator = lowerAccelerator(task, text, complain)
  const spec: ResourceSpec = {
    ...fields('cpuLimit', 'resourceCpuLimit', cpuLimit),
    ...fields('cpuRequest', 'resourceCpuRequest', cpuRequest),
    ...fields('memoryLimit', 'resourceMemoryLimit', memoryLimit),
    ...fields('memoryRequest', 'resourceMemoryRequest', memoryRequest),
    ...(accelerator ? { accelerator } : {}),
  }
  return Object.keys(spec).length === 0 ? undefined : spec
}

function fields(
  number: keyof ResourceSpec,
  text: keyof ResourceSpec,
  value: { readonly text: string; readonly number?: number } | undefined,
): ResourceSpec {
  if (!value) return {}
  return { [text]: value.text, ...(value.number === undefined ? {} : { [number]: value.number }) }
}

function lowerAccelerator(
  task: TaskNode,
  text: (setting: SettingText, inputName: string) => string,
  complain: (what: string, value: string, hint: string) => void,
): ResourceSpec['accelerator'] {
  const { acceleratorType, acceleratorCount } = task.settings
  if (!acceleratorType && !acceleratorCount) return undefined
  if (!acceleratorType) {
    complain('an accelerator limit', String(acceleratorCount), 'say which kind with setAcceleratorType(…)')
    return undefined
  }
  const count = acceleratorCount ?? ['1']
  const type = text(acceleratorType, 'accelerator_type')
  const number = text(count, 'accelerator_count')
  if (!isDynamic(count) && !/^\d+$/.test(number)) complain('the accelerator limit', number, 'write a whole number')
  return {
    resourceType: type,
    resourceCount: number,
    ...(isDynamic(acceleratorType) ? {} : { type }),
    ...(isDynamic(count) ? {} : { count: number }),
  }
}

function cores(cpu: string): number {
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu)
}

function gigabytes(memory: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(.*)$/.exec(memory) ?? []
  return (Number(amount) * (UNITS[unit] ?? 1)) / GIGA
}
