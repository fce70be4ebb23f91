/** Golden pipeline component_with_task_final_status_GH-12033.yaml in our DSL: a component that is compiled alone. */
import { t } from 'kfp-ts'
import { python } from '../support.ts'

export default python('exit_comp', { inputs: { status: t.finalStatus() } })
