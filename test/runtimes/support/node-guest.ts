/** Runs handlers under the Node.js bootstrap and reads what came of them. */
import assert from 'node:assert/strict'
import { createCatalogue } from '../../../src/runtimes/catalogue.ts'
import type { Runtime } from '../../../src/runtimes/runtime.ts'
import type { GuestSpec, Run } from './guest.ts'

/** What the catalogue says of this Node.js. */
export function nodeRuntime(): Runtime {
  const found = createCatalogue({ directory: '/nonexistent' }).find('nodejs24.x')
  assert.ok('argv' in found)
  return found
}

/** The bootstrap of this Node.js, with the programming model of the runtime's name. */
export function specOf(taskRoot: string, handler: string, runtime: string): GuestSpec {
  return { argv: nodeRuntime().argv, taskRoot, handler, runtime }
}

/** What was posted, as [kind, value]; stacks without their places. */
export function answers(run: Run): unknown[] {
  return run.posts.map((post) => {
    const value = JSON.parse(post.body) as Record<string, unknown> | null
    if (value !== null && typeof value === 'object' && 'trace' in value) {
      value['trace'] = (value['trace'] as string[]).filter((line) => !line.startsWith('    at '))
    }
    return [post.kind, value]
  })
}

/** A header value whose bytes are UTF-8. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** Output lines without times and without places in stacks. */
export function lines(text: string): string[] {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replaceAll(/,"    at [^"]*"/g, '')
    .split('\n')
    .slice(0, -1)
}
