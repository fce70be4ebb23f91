/** Public entry `kfp-ts/compiler`: definitions and files to pipeline documents. */
export { type CompileOptions, type CompileResult, compile } from './compile.ts'
export { type LoadedModule, type LoadedPipeline, loadPipelines, selectPipeline } from './load-module.ts'
export { printPipelineYaml, printYaml } from './print-yaml.ts'
