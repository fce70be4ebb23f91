/** Golden pipeline pipeline_with_parallelfor_parallelism.yaml in our DSL. */
import { definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const printTextOp = python('print_text', { inputs: { msg: t.string() } })
const printIntOp = python('print_int', { inputs: { x: t.integer() } })
const listDictMaker0Op = python('list_dict_maker_0', { outputs: { Output: t.list(t.struct()) } })
const listDictMaker1Op = python('list_dict_maker_1', { outputs: { Output: t.list(t.struct()) } })
/** The same, loaded from YAML: the type of the items is not known any more. */
const loadedListDictMaker1Op = python('list_dict_maker_1', { outputs: { Output: t.list() } })
const listDictMaker2Op = python('list_dict_maker_2', { outputs: { Output: t.list(t.struct()) } })
const listDictMaker3Op = python('list_dict_maker_3', { outputs: { Output: t.list() } })

export default definePipeline({ name: 'pipeline-with-loops', inputs: { loop_parameter: t.list() } }, (inputs) => {
  parallelFor(
    inputs.loop_parameter,
    (item) => {
      printTextOp({ msg: item })
      parallelFor(inputs.loop_parameter, (item2) => {
        printTextOp({ msg: item2 })
      })
    },
    { parallelism: 2 },
  )
  parallelFor(
    [
      { A_a: '1', B_b: '2' },
      { A_a: '10', B_b: '20' },
    ],
    (item2) => {
      printTextOp({ msg: item2.field('A_a') })
      printTextOp({ msg: item2.field('B_b') })
      parallelFor(
        [
          { A_a: '10', B_b: '20' },
          { A_a: '100', B_b: '200' },
        ],
        (item22) => {
          printTextOp({ msg: item22.field('A_a') })
          printTextOp({ msg: item22.field('B_b') })
        },
        { parallelism: 1 },
      )
    },
  )
  parallelFor(
    [
      { a: 1, b: 2 },
      { a: 2, b: 3 },
      { a: 3, b: 4 },
    ],
    (item3) => {
      printIntOp({ x: item3.field('a') })
    },
    { parallelism: 1 },
  )
  const listDictMaker0 = listDictMaker0Op()
  parallelFor(listDictMaker0.outputs.Output, (item4) => {
    printIntOp({ x: item4.field('a') })
  })
  const listDictMaker1 = listDictMaker1Op()
  parallelFor(listDictMaker1.outputs.Output, (item5) => {
    printIntOp({ x: item5.field('a') })
  })
  const listDictMaker12 = loadedListDictMaker1Op()
  const listDictMaker2 = listDictMaker2Op()
  parallelFor(listDictMaker2.outputs.Output, (item6) => {
    printIntOp({ x: item6.field('a') })
  })
  const listDictMaker3 = listDictMaker3Op()
  parallelFor(listDictMaker3.outputs.Output, (item7) => {
    printIntOp({ x: item7.field('a') })
  })
  parallelFor(listDictMaker12.outputs.Output, (item8) => {
    printIntOp({ x: item8.field('a') })
  })
})
