/** docs/reference/validation.md: the table of issue codes as a page. */
import { ISSUE_CODES, type IssueCodeEntry } from '../api/issue-codes.ts'

const HEAD = `# What validation finds

<!-- Written by scripts/generate-validation-page.ts from api/issue-codes.ts: change it there. -->

\`kfp-ts validate FILE...\` reads compiled pipelines (YAML of one or two documents, JSON, the Kubernetes manifests \`Pipeline\` and
\`PipelineVersion\`, or a zip or tar.gz that holds one) and prints every problem in one go. Each has a code, a severity, the place in the
document, line and column, a sentence and a remedy:

\`\`\`text
pipeline.yaml:24:13: error: component "comp-split" has no output artifact "trian" [at root.dag.tasks.train.inputs.artifacts.data.taskOutputArtifact.outputArtifactKey]
  did you mean "train"?
\`\`\`

The exit status is 2 when there is an error and 0 otherwise; warnings never change it. \`--json\` prints the same as one list:
\`[{"file", "valid", "issues": [{"code", "severity", "path", "message", "hint", "location"}]}]\`.

What a stock Kubeflow accepts is never an error here: what it would ignore, or meet only in a part of the pipeline that never runs, is a
warning. The fields are described by the JSON Schemas \`api/schema/pipeline-spec.schema.json\` and
\`api/schema/platform-spec.schema.json\` (the form after reading: lowerCamelCase, integers as numbers).

Limits: 32 MB, 500,000 values, 200 levels of nesting, and 1,000 problems shown.

| code | means | remedy |
| --- | --- | --- |
`

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = Object.entries<IssueCodeEntry>(ISSUE_CODES).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |\n`,
  )
  return new Map([['docs/reference/validation.md', HEAD + rows.join('')]])
}
