/** Directories of tests, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openStore } from '../../src/store/open.ts'
import type { OpenStore } from '../../src/store/open.ts'

/** A directory of its own, removed on disposal. */
export function makeDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'lair-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A durable store in `directory`, on the platform's clock. */
export function openAt(directory: string): OpenStore {
  return openStore({ directory, clock: systemClock, ids: systemIds })
}
