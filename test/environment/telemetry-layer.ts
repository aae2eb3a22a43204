/** A layer with the telemetry extension of programs/, and what the extension was told. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, programs } from './support.ts'
import type { Delivered } from './telemetry-receiver.ts'

export type TelemetryLayer = Disposable & {
  readonly layersPath: string
  /** variables that the function must have */
  readonly environment: Readonly<Record<string, string>>
  events(): Delivered[]
  /** without `platform.` */
  types(): string[]
}

/** Make one. */
export function telemetryLayer(): TelemetryLayer {
  const folder = makeFolder()
  const extensions = join(folder.path, 'extensions')
  mkdirSync(extensions)
  const program = join(programs, 'telemetry-extension.mjs')
  writeFileSync(
    join(extensions, 'watcher'),
    `#!${process.execPath}\nimport(${JSON.stringify(program)})\n`,
  )
  chmodSync(join(extensions, 'watcher'), 0o755)
  const file = join(folder.path, 'events')
  const events = (): Delivered[] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Delivered)
      : []
  return {
    layersPath: folder.path,
    environment: { EVENTS: file },
    events,
    types: () => events().map(({ type }) => type.replace('platform.', '')),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}
