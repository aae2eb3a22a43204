import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { systemIds } from '../lib/ids.ts'
import { openEphemeralStore } from './open.ts'
import type { Message } from './store.ts'

const clock = createVirtualClock()
const store = openEphemeralStore({ clock, ids: systemIds })
const { queues } = store
after(() => store.close())

const body = (text: string) => Buffer.from(text)
const texts = (messages: readonly Message[]) => messages.map((m) => Buffer.from(m.body).toString())

describe('queues', () => {
  test('give messages in order, each once while it is leased', async () => {
    for (const text of ['a', 'b', 'c']) await queues.enqueue('order', { body: body(text) })
    assert.deepEqual(texts(queues.take('order', 2, 1000)), ['a', 'b'])
    assert.deepEqual(texts(queues.take('order', 2, 1000)), ['c'])
    assert.deepEqual(queues.take('order', 2, 1000), [])
    assert.equal(queues.count('order'), 3)
  })

  test('a message carries its attributes, its time and how often it was taken', async () => {
    const enqueuedAtMs = clock.nowMs()
    const attributes = { requestId: 'r', nested: [1, null] }
    const id = await queues.enqueue('told', { body: body('x'), attributes })
    const [first] = queues.take('told', 1, 500)
    assert.deepEqual(first && { ...first, body: Buffer.from(first.body) }, {
      id,
      body: body('x'),
      attributes,
      enqueuedAtMs,
      receiveCount: 1,
    })
    clock.advance(499)
    assert.deepEqual(queues.take('told', 1, 500), [])
    clock.advance(1)
    assert.equal(queues.take('told', 1, 500)[0]?.receiveCount, 2)
    await queues.enqueue('told', { body: body('plain') })
    assert.equal(queues.take('told', 1, 500)[0]?.attributes, undefined)
  })

  test('a deleted message never comes back; deleting again does no harm', async () => {
    const id = await queues.enqueue('gone', { body: body('x') })
    queues.take('gone', 1, 10)
    await queues.delete('gone', id)
    await queues.delete('gone', id)
    await queues.delete('gone', 'no such id')
    clock.advance(1000)
    assert.deepEqual(queues.take('gone', 1, 10), [])
    assert.equal(queues.count('gone'), 0)
  })

  test('replace() moves on in one step, and does nothing when the message is gone', async () => {
    const id = await queues.enqueue('from', { body: body('x') })
    const next = [
      { queue: 'to', body: body('a'), attributes: { n: 1 } },
      { queue: 'from', body: body('b'), availableAtMs: clock.nowMs() + 100 },
    ]
    assert.equal(await queues.replace('to', id, next), false)
    assert.equal(queues.count('to'), 0)
    assert.equal(await queues.replace('from', id, next), true)
    assert.equal(await queues.replace('from', id, next), false)
    assert.deepEqual(texts(queues.take('to', 10, 1000)), ['a'])
    assert.deepEqual(queues.take('from', 10, 1000), [])
    clock.advance(100)
    assert.deepEqual(texts(queues.take('from', 10, 1000)), ['b'])
    const large = { queue: 'to', body: Buffer.alloc(9 * 2 ** 20) }
    const kept = await queues.enqueue('from', { body: body('kept') })
    await assert.rejects(queues.replace('from', kept, [large]), PlatformError)
    assert.deepEqual(texts(queues.take('from', 10, 1000)), ['kept'])
  })

  test('the name of another queue deletes and releases nothing', async () => {
    const id = await queues.enqueue('mine', { body: body('x') })
    await queues.delete('yours', id)
    queues.take('mine', 1, 1000)
    await queues.release('yours', id, clock.nowMs())
    assert.equal(queues.count('mine'), 1)
    assert.deepEqual(queues.take('mine', 1, 1000), [])
  })

  test('a delayed message and a released one wait for their time', async () => {
    const startMs = clock.nowMs()
    const id = await queues.enqueue('later', { body: body('x'), availableAtMs: startMs + 100 })
    assert.equal(queues.nextAvailableAtMs('later'), startMs + 100)
    assert.deepEqual(queues.take('later', 1, 10), [])
    clock.advance(100)
    assert.equal(queues.take('later', 1, 10_000).length, 1)
    await queues.release('later', id, startMs + 300)
    assert.equal(queues.nextAvailableAtMs('later'), startMs + 300)
    clock.advance(200)
    assert.equal(queues.take('later', 1, 10)[0]?.receiveCount, 2)
    assert.equal(queues.nextAvailableAtMs('empty'), undefined)
  })

  test('releaseAll() voids leases and leaves delays alone', async () => {
    await queues.enqueue('restart', { body: body('leased') })
    await queues.enqueue('restart', { body: body('delayed'), availableAtMs: clock.nowMs() + 100 })
    queues.take('restart', 1, 1_000_000)
    await queues.releaseAll()
    assert.deepEqual(texts(queues.take('restart', 9, 1000)), ['leased'])
  })

  test('names() lists the queues that hold messages, by prefix and in order', async () => {
    for (const name of ['n/b', 'n/a', 'n/a', 'n', 'o']) {
      await queues.enqueue(name, { body: body('x') })
    }
    const id = await queues.enqueue('n/empty', { body: body('x') })
    await queues.delete('n/empty', id)
    assert.deepEqual(queues.names('n/'), ['n/a', 'n/b'])
    assert.deepEqual(queues.names('n'), ['n', 'n/a', 'n/b'])
    assert.deepEqual(queues.names('nothing'), [])
  })

  test('bodies are kept byte by byte, up to their limit', async () => {
    const large = Buffer.alloc(
      1 << 20,
      Uint8Array.from({ length: 251 }, (_, index) => index),
    )
    await queues.enqueue('bodies', { body: large })
    await queues.enqueue('bodies', { body: new Uint8Array(0) })
    const taken = queues.take('bodies', 2, 1000)
    assert.ok(large.equals(taken[0]?.body ?? body('')))
    assert.equal(taken[1]?.body.byteLength, 0)
    const tooLarge = { body: Buffer.alloc(8 * 1024 * 1024 + 1) }
    await assert.rejects(queues.enqueue('bodies', tooLarge), PlatformError)
  })

  test('one take carries a bounded amount of bytes', async () => {
    const large = Buffer.alloc(8 * 1024 * 1024)
    for (let index = 0; index < 9; index++) await queues.enqueue('heavy', { body: large })
    assert.equal(queues.take('heavy', 100, 1000).length, 8)
    assert.equal(queues.take('heavy', 100, 1000).length, 1)
  })
})
