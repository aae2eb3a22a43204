/** A process that writes to a store as fast as it can and prints each thing once it is acknowledged, until it is killed.
 *  Started by crash.test.ts and lock.test.ts: node writer.ts <directory> <label> [announce] */
import { writeSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openStore } from '../../src/store/open.ts'

const [directory = '', label = '', address] = process.argv.slice(2)
const store = openStore({ directory, clock: systemClock, ids: systemIds })
if (address) store.announce(address)
const say = (line: string) => writeSync(1, `${line}\n`)
say('open')
// Should nobody kill it.
setTimeout(() => process.exit(1), 30_000).unref()

/** Large enough, now and then, for pages to overflow and the log to be copied back. */
const filler = (index: number) => 'x'.repeat(index % 50 === 0 ? 60_000 : index % 700)

const writers: ((index: number) => Promise<string>)[] = [
  async (index) => {
    const key = `single/${label}/${index}`
    await store.documents.put(key, { index, filler: filler(index) }, 0)
    return `document ${key}`
  },
  async (index) => {
    const changes = ['a', 'b'].map((side) => ({
      kind: 'put' as const,
      key: `pair/${side}`,
      value: `${label}/${index}`,
    }))
    return `pair ${await store.documents.transact(changes)}`
  },
  async (index) => {
    const key = `gone/${label}/${index}`
    await store.documents.put(key, index)
    await store.documents.delete(key)
    return `gone ${key}`
  },
  async (index) => {
    const id = await store.queues.enqueue('kept', {
      body: Buffer.from(`${label} ${filler(index)}`),
    })
    return `message ${id}`
  },
  async () => {
    await store.queues.enqueue('done', { body: Buffer.from('x') })
    const [message] = store.queues.take('done', 1, 60_000)
    if (message) await store.queues.delete('done', message.id)
    return `deleted ${message?.id}`
  },
  async (index) => {
    const bytes = Buffer.from(`${label}/${index}/${filler(index)}`)
    const { id } = await store.blobs.put(bytes)
    return `blob ${id === createHash('sha256').update(bytes).digest('hex') ? id : 'wrong'}`
  },
]

// Two of each, so that acknowledgements share a sync.
await Promise.all(
  [...writers, ...writers].map(async (write, lane) => {
    for (let index = lane; ; index += writers.length * 2) say(await write(index))
  }),
)
