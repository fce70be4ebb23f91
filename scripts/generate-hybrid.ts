/** Generator: the compiled hybrid example. After generate-components.ts, whose files it reads. */
import { compileHybrid } from '../examples/hybrid/main.ts'

export async function generate(): Promise<Map<string, string>> {
  return new Map([['examples/hybrid/hybrid_ml_pipeline.yaml', await compileHybrid()]])
}
