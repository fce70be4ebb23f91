/** Golden pipeline gpu-scheduling/nvidia_gpu_scheduling_check.yaml in our DSL. */
import { defineContainerComponent, definePipeline, kubernetes } from 'kfp-ts'

const verifyGpuScheduledOp = defineContainerComponent({
  name: 'verify-gpu-scheduled',
  image: 'python:3.11',
  command: ['sh', '-c'],
  args: ['echo "GPU scheduling check: PASS"'],
})

export default definePipeline(
  {
    name: 'nvidia-gpu-scheduling-check',
    description:
      'Verifies a task requesting nvidia.com/gpu with a matching toleration can schedule and complete (no CUDA/torch assertions).',
  },
  () => {
    const verifyGpuScheduled = verifyGpuScheduledOp()
      .setCaching(false)
      .setAcceleratorType('nvidia.com/gpu')
      .setAcceleratorLimit('1')
    kubernetes.addToleration(verifyGpuScheduled, { effect: 'NoSchedule', key: 'nvidia.com/gpu', operator: 'Exists' })
  },
)
