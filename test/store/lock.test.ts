/** Two processes never share a data directory, and `kill -9` gives it free. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectory, openAt } from './temporary.ts'

const writer = join(import.meta.dirname, 'writer.ts')

test('a directory in use names its holder, until the holder is killed', async () => {
  using directory = makeDirectory()
  const address = 'http://127.0.0.1:4566'
  const child = spawn(process.execPath, [writer, directory.path, 'lock', address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    child.stdout.resume()
    const message =
      `Cannot use data directory "${directory.path}": process ${child.pid} uses it (${address}). ` +
      'Stop that server, or choose another directory with --data'
    assert.throws(() => openAt(directory.path), { name: 'PlatformError', message })
    // A look at the locked directory must not have loosened the lock.
    assert.throws(() => openAt(directory.path), { name: 'PlatformError', message })
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  await openAt(directory.path).close()
})

test('one process cannot open a directory twice either', async () => {
  using directory = makeDirectory()
  const store = openAt(directory.path)
  assert.throws(() => openAt(directory.path), new RegExp(`process ${process.pid} uses it\\.`))
  // Nor did that try take the lock away, as closing the file would.
  const child = spawn(process.execPath, [writer, directory.path, 'other'], { stdio: 'ignore' })
  assert.deepEqual(await once(child, 'exit'), [1, null])
  await store.documents.put('a', 1)
  await store.close()
  const again = openAt(directory.path)
  assert.equal(again.documents.get('a')?.value, 1)
  await again.close()
})

test('of processes that start at once, one gets the directory', async () => {
  using directory = makeDirectory()
  const children = [1, 2, 3].map((number) =>
    spawn(process.execPath, [writer, directory.path, `${number}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  try {
    const outcomes = await Promise.all(
      children.map(async (child) => {
        const opened = once(child.stdout, 'data').then(() => 'opened')
        const failed = once(child, 'exit').then(() => 'failed')
        return await Promise.race([opened, failed])
      }),
    )
    assert.deepEqual(outcomes.toSorted(), ['failed', 'failed', 'opened'])
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(
      children.map(
        async (child) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit')),
      ),
    )
  }
})
