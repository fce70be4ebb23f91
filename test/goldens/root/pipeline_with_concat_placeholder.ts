/** Golden pipeline pipeline_with_concat_placeholder.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const componentWithConcatPlaceholderOp = defineContainerComponent({
  name: 'component-with-concat-placeholder',
  inputs: { input_one: t.string(), input_two: t.string() },
  image: 'ghcr.io/containerd/busybox',
  command: ['sh', '-ec'],
  args: [
    'echo "$0" > /tmp/test && [[ "$0" == \'one+two=three\' ]]',
    '{"Concat": ["{{$.inputs.parameters[\'input_one\']}}", "+", "{{$.inputs.parameters[\'input_two\']}}", "=three"]}',
  ],
})

export default definePipeline({ name: 'one-step-pipeline-with-concat-placeholder' }, () => {
  componentWithConcatPlaceholderOp({ input_one: 'one', input_two: 'two' })
})
