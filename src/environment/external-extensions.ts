/** Which external extensions a version has: the files of `extensions/` in its layers.
 *  source: AWS Lambda dev guide "Using Lambda extensions"; Runtime Interface Emulator, agents and extensions. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FunctionVersion } from '../model.ts'

/** a file of this name beside the folder switches extensions off */
const switchName = 'disable-extensions-jwigqn8j'

export type ExternalFile = {
  /** what it must register as */
  readonly name: string
  /** absolute, on the host */
  readonly path: string
}

/** Everything in the folder that is no folder, by name; whether it can be executed turns out when it is started. */
export function externalExtensions(version: FunctionVersion): readonly ExternalFile[] {
  const { layersPath } = version
  if (layersPath === undefined || !hasExtensions(version)) return []
  const folder = join(layersPath, 'extensions')
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => ({ name, path: join(folder, name) }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  } catch {
    return []
  }
}

/** May a version have extensions at all, external or internal? */
export function hasExtensions({ layersPath }: FunctionVersion): boolean {
  return layersPath === undefined || !existsSync(join(layersPath, switchName))
}
