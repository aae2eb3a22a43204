/** Numbers that users type: checked where they come in, refused in one sentence that names the flag. */
import { CommandError } from './terminal.ts'

/** A TCP port. @throws CommandError */
export function toPort(text: string): number {
  const port = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new CommandError(`--port takes a number from 0 to 65535, not "${text}"`)
}

/** A number above 0, up to `max`. @throws CommandError */
export function toPositive(flag: string, text: string, max: number): number {
  const value = Number(text)
  if (value > 0 && value <= max) return value
  throw new CommandError(`${flag} takes a number above 0, up to ${max}, not "${text}"`)
}

/** A number from 0 to 1. @throws CommandError */
export function toFactor(flag: string, text: string): number {
  const factor = text.trim() === '' ? Number.NaN : Number(text)
  if (factor >= 0 && factor <= 1) return factor
  throw new CommandError(`${flag} takes a number from 0 to 1, not "${text}"`)
}
