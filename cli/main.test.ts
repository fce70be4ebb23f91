import { expect, test } from 'vitest'
import { commands } from './commands/index.ts'
import { topLevelHelp } from './help.ts'

test.each(commands.map(({ name }) => name))('%s: its file is the command that the list promises', async (name) => {
  const { command } = await commands.find((entry) => entry.name === name)!.load()
  expect(command.command.split(' ')[0]).toBe(name)
  expect(command.describe).toBeTruthy()
})

test('help names every command once', () => {
  const help = topLevelHelp()
  expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length)
  for (const { name, summary } of commands) expect(help).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 10)}`, 'm'))
})
