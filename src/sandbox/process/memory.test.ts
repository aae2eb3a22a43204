import assert from 'node:assert/strict'
import { test } from 'node:test'
import { psSampler, sampleProcess, samplerFor } from './memory.ts'

const isLinux = process.platform === 'linux'
/** kept so that there is something to find */
const held = Buffer.alloc(32 * 1024 * 1024, 1)

test('a sampler finds the memory of this process, and nothing of one that is gone', async () => {
  for (const sampler of [samplerFor(process.platform), psSampler]) {
    assert.ok(sampler)
    const samples = await sampler([process.pid, 999_999_999])
    const sample = samples.get(process.pid)
    assert.equal(samples.size, 1)
    assert.ok(
      sample && sample.currentKib > held.length / 1024 && sample.peakKib >= sample.currentKib,
    )
  }
})

test('sampleProcess() holds pages of files against nobody, but tells them as used', () => {
  const sample = sampleProcess(process.pid)
  if (!isLinux) return
  const residentKib = process.memoryUsage.rss() / 1024
  assert.ok(sample && sample.currentKib < residentKib)
  // The kernel counts resident pages in batches for each processor.
  assert.ok(sample.peakKib > residentKib * 0.9, `${sample.peakKib} of ${residentKib} KiB`)
  assert.equal(sampleProcess(999_999_999), undefined)
})

test('samplerFor() has none where memory cannot be watched', () => {
  assert.equal(samplerFor('win32'), undefined)
})
