/** What the tests of extensions share: layers with extension programs, and environments that have them. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EnvironmentOptions } from '../../src/environment/options.ts'
import type { FunctionVersion } from '../../src/model.ts'
import type { Driver } from '../../src/sandbox/driver.ts'
import { makeFolder, openEnvironment, programs } from './support.ts'

/** When an extension does what (see programs/extension.cjs). */
export type Plan = {
  readonly events?: readonly string[]
  /** registers under another name */
  readonly as?: string
  readonly start?: string
  readonly registered?: string
  readonly invoke?: string
  readonly shutdown?: string
}

/** A folder of layers. @param files  path below it -> content; executable */
export function makeLayers(files: Readonly<Record<string, string>>): { path: string } & Disposable {
  const folder = makeFolder()
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    chmodSync(path, 0o755)
  }
  return folder
}

const source = `#!${process.execPath}\n${readFileSync(join(programs, 'extension.cjs'), 'utf8')}`

/** An environment with external extensions that do as planned. Dispose it, and the folder goes too. */
export function openExtended(
  driver: Driver,
  plans: Readonly<Record<string, Plan>>,
  changes: Partial<Omit<EnvironmentOptions, 'version'>> & {
    version?: Partial<FunctionVersion>
  } = {},
) {
  const files = Object.keys(plans).map((name) => [`extensions/${name}`, source])
  const layers = makeLayers(Object.fromEntries(files))
  const env = openEnvironment(driver, {
    ...changes,
    version: {
      ...changes.version,
      layersPath: layers.path,
      environment: { EXTENSIONS: JSON.stringify(plans), ...changes.version?.environment },
    },
  })
  return {
    ...env,
    layers: layers.path,
    [Symbol.asyncDispose]: async () => {
      await env.environment.stop('spindown')
      layers[Symbol.dispose]()
    },
  }
}

/** Lines with their numbers taken out. */
export function plain(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replaceAll(/\d+(\.\d+)?( ms)?/g, 'N'))
}
