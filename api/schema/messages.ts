/** All messages of a pipeline file in one table. */
import { EXECUTOR_MESSAGES } from './executor-messages.ts'
import type { MessageTable } from './field-types.ts'
import { KUBERNETES_MESSAGES } from './kubernetes-messages.ts'
import { PIPELINE_MESSAGES } from './pipeline-messages.ts'

export const MESSAGES: MessageTable = { ...PIPELINE_MESSAGES, ...EXECUTOR_MESSAGES, ...KUBERNETES_MESSAGES }
