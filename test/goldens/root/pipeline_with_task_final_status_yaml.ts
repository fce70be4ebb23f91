/** Golden pipeline pipeline_with_task_final_status_yaml.yaml in our DSL. */
import { defineContainerComponent, definePipeline, exitHandler, t } from 'kfp-ts'

const exitOp = defineContainerComponent({
  name: 'exit-op',
  inputs: { status: t.finalStatus(), user_input: t.string() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: [
    'echo',
    'user input:',
    "{{$.inputs.parameters['user_input']}}",
    'pipeline status:',
    "{{$.inputs.parameters['status']}}",
  ],
})
const printOp = defineContainerComponent({
  name: 'print-op',
  inputs: { message: t.string() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['echo', "{{$.inputs.parameters['message']}}"],
})

export default definePipeline(
  { name: 'pipeline-with-task-final-status-yaml', inputs: { message: t.string({ default: 'Hello World!' }) } },
  (inputs) => {
    const exitOpTask = exitOp({ user_input: inputs.message })
    exitHandler(
      exitOpTask,
      () => {
        printOp({ message: inputs.message })
      },
      { displayName: 'my-pipeline' },
    )
  },
)
