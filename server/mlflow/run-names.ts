/** Names for runs that were given none, in MLflow's way: two words and a number. */
import { randomInt } from 'node:crypto'

const FIRST = 'able agile amber bold brave bright calm clever crisp eager early fair fancy gentle glad honest keen kind'
  .concat(
    ' lively lucky merry mild neat noble patient proud quick quiet rapid rare silent smart steady swift tidy wise',
  )
  .split(' ')
const SECOND =
  'ant ape auk bat bear bee boar bug carp cat cod colt crab crane deer doe dove duck eel elk finch fish fly'
    .concat(
      ' fox frog gnat goat goose grub hare hawk hen horse lamb lark lynx mink mole moth mouse newt owl ox pig pug ram',
    )
    .concat(
      ' ray roo seal shad shrew skunk slug smelt snail snake sow stag steed stork swan toad trout vole wasp whale',
    )
    .split(' ')

export function randomRunName(): string {
  return `${FIRST[randomInt(FIRST.length)]}-${SECOND[randomInt(SECOND.length)]}-${randomInt(1000)}`
}
