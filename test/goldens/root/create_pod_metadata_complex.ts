/** Golden pipeline create_pod_metadata_complex.yaml in our DSL. */
import { definePipeline, kubernetes, t } from 'kfp-ts'
import { python } from '../support.ts'

const validateNoPodMetadataOp = python('validate_no_pod_metadata', {
  inputs: { annotation_path: t.string(), label_path: t.string() },
  outputs: { Output: t.boolean() },
})
const validatePodMetadataOp = python('validate_pod_metadata', {
  inputs: {
    annotation_exp_val_1: t.optional(t.string()),
    annotation_exp_val_2: t.optional(t.string()),
    annotation_path_1: t.optional(t.string()),
    annotation_path_2: t.optional(t.string()),
    label_exp_val_1: t.optional(t.string()),
    label_exp_val_2: t.optional(t.string()),
    label_path_1: t.optional(t.string()),
    label_path_2: t.optional(t.string()),
  },
  outputs: { Output: t.boolean() },
})

export default definePipeline({ name: 'pipeline-with-pod-metadata' }, () => {
  validateNoPodMetadataOp({ annotation_path: 'POD_TASK_ANNOTATION', label_path: 'POD_TASK_LABEL' }).setCaching(false)
  const validatePodMetadata = validatePodMetadataOp({
    annotation_exp_val_1: 'annotation',
    annotation_path_1: 'POD_TASK_ANNOTATION',
    label_exp_val_1: 'label-1',
    label_exp_val_2: 'label-2',
    label_path_1: 'POD_TASK_LABEL_1',
    label_path_2: 'POD_TASK_LABEL_2',
  }).setCaching(false)
  kubernetes.addPodLabel(validatePodMetadata, 'task-label-1', 'label-1')
  kubernetes.addPodLabel(validatePodMetadata, 'task-label-2', 'label-2')
  kubernetes.addPodAnnotation(validatePodMetadata, 'task-annotation', 'annotation')
  kubernetes.useFieldPathAsEnv(validatePodMetadata, 'POD_TASK_ANNOTATION', "metadata.annotations['task-annotation']")
  kubernetes.useFieldPathAsEnv(validatePodMetadata, 'POD_TASK_LABEL_1', "metadata.labels['task-label-1']")
  kubernetes.useFieldPathAsEnv(validatePodMetadata, 'POD_TASK_LABEL_2', "metadata.labels['task-label-2']")
  const validatePodMetadata2 = validatePodMetadataOp({
    annotation_exp_val_1: 'annotation-1',
    annotation_exp_val_2: 'annotation-2',
    annotation_path_1: 'POD_TASK_ANNOTATION_1',
    annotation_path_2: 'POD_TASK_ANNOTATION_2',
  }).setCaching(false)
  kubernetes.addPodAnnotation(validatePodMetadata2, 'task-annotation-1', 'annotation-1')
  kubernetes.addPodAnnotation(validatePodMetadata2, 'task-annotation-2', 'annotation-2')
  kubernetes.useFieldPathAsEnv(
    validatePodMetadata2,
    'POD_TASK_ANNOTATION_1',
    "metadata.annotations['task-annotation-1']",
  )
  kubernetes.useFieldPathAsEnv(
    validatePodMetadata2,
    'POD_TASK_ANNOTATION_2',
    "metadata.annotations['task-annotation-2']",
  )
})
