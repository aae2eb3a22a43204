/** `--env NAME=value …`: environment variables of a function. */
import { CommandError } from './terminal.ts'

/** @throws CommandError for what has no name */
export function toVariables(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new CommandError(`--env takes NAME=value, not "${pair}"`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
