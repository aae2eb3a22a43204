// Fails on demand in every way that ends an environment, and counts in a global and in a file what survived.
import { appendFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let count = 0
const file = join(tmpdir(), 'faults-count')

export const handler = async (event) => {
  count += 1
  appendFileSync(file, '.')
  console.log(`asked to ${event.do}`)
  if (event.do === 'exit') process.exit(1)
  if (event.do === 'loop') for (;;);
  if (event.do === 'sleep') await new Promise((resolve) => setTimeout(resolve, 60_000))
  if (event.do === 'memory') {
    const kept = []
    while (kept.length < 128) kept.push(Buffer.alloc(8 * 1024 * 1024, 1))
    for (;;);
  }
  return { count, file: statSync(file).size }
}
