/** Every kind of problem that reading a pipeline file can find. Tests and tools may rely on the codes; the reference page is made of this table. */

/** What a code means and what to do; `docs/reference/validation.md` prints both. */
export interface IssueCodeEntry {
  readonly meaning: string
  readonly remedy: string
}

export const ISSUE_CODES = {
  'not-text': {
    meaning:
      'The file is not UTF-8 text (an image, an archive, a program), or holds a control character that YAML refuses.',
    remedy: 'Give the compiled pipeline as YAML or JSON, or a zip or tar.gz that holds one.',
  },
  'file-too-large': {
    meaning: 'The file is larger than 32 MB, which a stock Kubeflow refuses too.',
    remedy: 'Pass data by URI or artifact instead of writing it into the pipeline.',
  },
  'bad-archive': {
    meaning: 'A zip or tar.gz is damaged, or holds no pipeline or several.',
    remedy: 'Pack the compiled pipeline as pipeline.yaml, alone.',
  },
  'too-complex': {
    meaning: 'More than 500,000 values, nesting deeper than 200 levels, or aliases that expand without end.',
    remedy: 'Write the value out, flatten it, or split the pipeline.',
  },
  'yaml-syntax': {
    meaning: 'The text is not valid YAML or JSON from this place on.',
    remedy: 'Mend quotes, brackets and indentation (spaces, no tabs).',
  },
  'duplicate-key': { meaning: 'A key stands twice in one mapping.', remedy: 'Remove or rename one of the two.' },
  'bad-key': { meaning: 'A key is not plain text, or is "__proto__".', remedy: 'Use a plain name.' },
  'empty-document': { meaning: 'There is nothing in the file but comments.', remedy: 'Compile the pipeline again.' },
  'not-a-pipeline': {
    meaning:
      'The file holds something else: another Kubernetes object, a component, a KFP v1 workflow, too many documents.',
    remedy: 'Give a file compiled by kfp-ts or by the KFP SDK 2.',
  },
  'unknown-field': {
    meaning: 'A field that the format does not have. A warning where a stock Kubeflow ignores such fields too.',
    remedy: 'Correct its name; the message says which name is near.',
  },
  'missing-field': { meaning: 'A field that must be there is missing or empty.', remedy: 'Add it.' },
  'wrong-type': { meaning: 'A value of another type than the field has.', remedy: 'Write it as the message says.' },
  'number-out-of-range': { meaning: 'A number that the field or JSON cannot hold.', remedy: 'Give a smaller one.' },
  'unknown-enum-value': {
    meaning: 'A word that is not among those the field knows.',
    remedy: 'Take one of the known words.',
  },
  'conflicting-fields': { meaning: 'Two fields that exclude each other.', remedy: 'Keep one of them.' },
  'bad-schema-version': {
    meaning: 'A schemaVersion other than 2.1.0.',
    remedy: 'Compile the pipeline with KFP SDK 2.',
  },
  'bad-name': {
    meaning: 'A name that Kubernetes or the run folder cannot carry.',
    remedy:
      'Pipelines: lower-case letters, digits, hyphens, at most 128. Tasks: letters, digits, dots, hyphens, underscores.',
  },
  'no-graph': {
    meaning: 'The root component has no dag.',
    remedy: 'Give it one; a single step is a graph of one task.',
  },
  'no-implementation': {
    meaning: 'A component has neither executorLabel nor dag, or an executor neither container nor importer.',
    remedy: 'Give it one of them.',
  },
  'unknown-component': { meaning: 'componentRef names no component.', remedy: 'Correct the name.' },
  'unknown-executor': { meaning: 'A label names no executor of deploymentSpec.', remedy: 'Correct the label.' },
  'unknown-task': {
    meaning: 'A reference, or a Kubernetes setting of a step, names no task of the same graph.',
    remedy: 'Correct the task key.',
  },
  'unknown-output': {
    meaning: 'A reference names no output of that task. A warning for a Kubernetes setting, which is left out then.',
    remedy: 'Correct the output name.',
  },
  'unknown-input': {
    meaning:
      'A reference names no input that is there; that of a Kubernetes setting, no input of the graph around the step.',
    remedy: 'Correct the input name.',
  },
  'task-cycle': { meaning: 'Tasks wait for each other in a circle.', remedy: 'Remove one of the dependencies.' },
  'recursive-component': { meaning: 'A component contains itself.', remedy: 'Use a loop instead.' },
  'missing-source': { meaning: 'An input or output says not where its value comes from.', remedy: 'Give a source.' },
  'missing-input': {
    meaning: 'A required input of a task is not wired. An error where the value is used for certain, else a warning.',
    remedy: 'Wire the input, give it a default or make it optional.',
  },
  'type-mismatch': {
    meaning: 'Two ends of a wire have different types. A warning: a stock Kubeflow finds out at run time.',
    remedy: 'Change one of the two types.',
  },
  'bad-iterator': {
    meaning: 'A loop without items, without item input, or over something that is no list.',
    remedy: 'Correct the loop.',
  },
  'bad-trigger': {
    meaning: 'A condition or strategy that cannot work as written.',
    remedy: 'See the message.',
  },
  'bad-default': {
    meaning: 'A default value that does not have the declared type, or is not among the literals.',
    remedy: 'Change it.',
  },
  'bad-wait': {
    meaning: 'A task that waits without a pod (image kfp-ts/wait) whose kind, inputs or outputs make no wait.',
    remedy: 'Write it as docs/waiting.md lists it.',
  },
  'too-many-issues': { meaning: 'More problems than are shown.', remedy: 'Mend the first ones and check again.' },
} as const satisfies Record<string, IssueCodeEntry>

export type IssueCode = keyof typeof ISSUE_CODES
