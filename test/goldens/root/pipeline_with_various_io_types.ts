/** Golden pipeline pipeline_with_various_io_types.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const upstreamOp = defineContainerComponent({
  name: 'upstream',
  inputs: { input_1: t.string(), input_2: t.number(), input_4: t.string(), input_3: t.artifact() },
  outputs: {
    output_1: t.integer(),
    output_2: t.model(),
    output_3: t.artifact(),
    output_4: t.model(),
    output_5: t.artifact(),
    output_6: t.artifact(),
    output_7: t.artifact(),
    output_8: t.html(),
    output_9: t.artifactOf('google.BQMLModel'),
  },
  image: 'gcr.io/image',
  args: [
    "{{$.inputs.parameters['input_1']}}",
    "{{$.inputs.parameters['input_2']}}",
    "{{$.inputs.artifacts['input_3'].path}}",
    "{{$.inputs.parameters['input_4']}}",
    "{{$.outputs.parameters['output_1'].output_file}}",
    "{{$.outputs.artifacts['output_2'].uri}}",
    "{{$.outputs.artifacts['output_3'].path}}",
    "{{$.outputs.artifacts['output_4'].uri}}",
    "{{$.outputs.artifacts['output_5'].uri}}",
    "{{$.outputs.artifacts['output_6'].path}}",
    "{{$.outputs.artifacts['output_7'].path}}",
    "{{$.outputs.artifacts['output_8'].path}}",
  ],
})
const downstreamOp = defineContainerComponent({
  name: 'downstream',
  inputs: {
    input_a: t.integer(),
    input_b: t.model(),
    input_c: t.artifact(),
    input_d: t.model(),
    input_e: t.artifact(),
    input_f: t.artifact(),
    input_g: t.artifact(),
    input_h: t.html(),
    input_i: t.artifactOf('google.BQMLModel'),
  },
  image: 'gcr.io/image',
  args: [
    "{{$.inputs.parameters['input_a']}}",
    "{{$.inputs.artifacts['input_b'].uri}}",
    "{{$.inputs.artifacts['input_c'].path}}",
    "{{$.inputs.artifacts['input_d'].uri}}",
    "{{$.inputs.artifacts['input_e'].uri}}",
    "{{$.inputs.artifacts['input_f'].path}}",
    "{{$.inputs.artifacts['input_g'].path}}",
    "{{$.inputs.artifacts['input_h'].path}}",
  ],
})

export default definePipeline(
  {
    name: 'pipeline-with-various-types',
    inputs: { input1: t.string(), input4: t.string({ default: '' }), input3: t.artifact() },
  },
  (inputs) => {
    const upstream = upstreamOp({
      input_1: inputs.input1,
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: the golden's number.
      input_2: 3.1415926,
      input_4: inputs.input4,
      input_3: inputs.input3,
    })
    const _downstream = downstreamOp({
      input_a: upstream.outputs.output_1,
      input_b: upstream.outputs.output_2,
      input_c: upstream.outputs.output_3,
      input_d: upstream.outputs.output_4,
      input_e: upstream.outputs.output_5,
      input_f: upstream.outputs.output_6,
      input_g: upstream.outputs.output_7,
      input_h: upstream.outputs.output_8,
      input_i: upstream.outputs.output_9,
    })
  },
)
