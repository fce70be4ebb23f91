/** Architecture 4: steps from YAML files, the pipeline in TypeScript. Compiled to hybrid_ml_pipeline.yaml, run by main.ts. */
import { loadComponentFromFile, type ParameterRef, pipeline, t } from 'kfp-ts'

const preprocess = loadComponentFromFile('preprocess_component.yaml')
const train = loadComponentFromFile('train_component.yaml')
const evaluate = loadComponentFromFile('evaluate_component.yaml')

interface Inputs {
  readonly source: ParameterRef<string>
  readonly trees: ParameterRef<number>
  readonly seed: ParameterRef<number>
}

export class Hybrid {
  @pipeline({
    name: 'hybrid-ml-pipeline',
    description: 'Does a person earn more than 50,000 dollars a year? A random forest on the census of 1994.',
    inputs: {
      source: t.string({
        default: 'sample',
        description: 'URL or path of a CSV; "sample": the data packed into preprocess',
      }),
      trees: t.integer({ default: 100 }),
      seed: t.integer({ default: 42, description: 'of split and forest' }),
    },
  })
  static hybridMlPipeline({ source, trees, seed }: Inputs) {
    const preprocessed = preprocess({ source, seed })
    const trained = train({ dataset: preprocessed.output, trees, seed })
    const evaluated = evaluate({ dataset: preprocessed.output, model: trained.output })
    return {
      model: trained.output,
      accuracy: evaluated.outputs.accuracy,
      metrics: evaluated.outputs.metrics,
      classification_metrics: evaluated.outputs.classification_metrics,
    }
  }
}
