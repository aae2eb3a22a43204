import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { ThrottledSink } from './bandwidth.ts'

const mib = 1024 * 1024

test('ThrottledSink lets 6 MiB through at once, then 2 MiB a second', () => {
  const clock = createVirtualClock()
  let bytes = 0
  const sink = new ThrottledSink(
    {
      begin: () => {},
      write: (chunk) => (bytes += chunk.byteLength) > 0,
      onDrain: (resume) => resume(),
    },
    clock,
  )
  const chunk = new Uint8Array(mib / 16)
  const pump = (): void => {
    while (sink.write(chunk));
    sink.onDrain(pump)
  }
  pump()
  assert.equal(Math.round(bytes / mib), 6)
  for (let second = 1; second <= 10; second += 1) {
    clock.advance(1000)
    assert.equal(Math.round(bytes / mib), 6 + 2 * second)
  }
})
