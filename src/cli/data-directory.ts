/** Where the data directory is: `~` spelled out, relative paths made absolute. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Absolute path of `--data`. */
export function dataDirectory(option: string): string {
  if (option === '~' || option.startsWith('~/')) return join(homedir(), option.slice(1))
  return resolve(option)
}
