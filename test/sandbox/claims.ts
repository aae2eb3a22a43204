/** What the claims of the contract are made with. */
import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Driver, SandboxSpec } from '../../src/sandbox/driver.ts'

export type Claim =
  | 'starts'
  | 'environment'
  | 'launch-error'
  | 'exit'
  | 'output'
  | 'dev-stderr'
  | 'dispose'
  | 'memory'
  | 'storage'
  | 'freeze'
  | 'temporary-directory'
  | 'prepare'
  | 'programs'

/** Check one claim, unless the driver says why it does not hold. */
export type Claiming = (key: Claim, text: string, check: (driver: Driver) => Promise<void>) => void

let count = 0

/** For ids: another one each time. */
export function nextNumber(): number {
  count += 1
  return count
}

/** A sandbox that runs a shell script. */
export function specOf(script: string, changes: Partial<SandboxSpec> = {}): SandboxSpec {
  return {
    id: `sandbox-${process.pid}-${nextNumber()}`,
    argv: ['/bin/sh', '-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
    memoryMib: 256,
    ephemeralStorageMib: 64,
    onOutput: () => {},
    ...changes,
  }
}

/** Wait until a file exists that the sandbox makes. */
export async function appears(path: string): Promise<void> {
  for (let turn = 0; turn < 1000 && !existsSync(path); turn += 1) await setTimeout(5)
  assert.ok(existsSync(path), path)
}

/** Whether a file grows within 200 ms. */
export async function grows(path: string): Promise<boolean> {
  const before = statSync(path).size
  for (let turn = 0; turn < 20; turn += 1) {
    await setTimeout(10)
    if (statSync(path).size > before) return true
  }
  return false
}
