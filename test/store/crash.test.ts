/** What was acknowledged is there after `kill -9` at any moment. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

const roundCount = 20
const writer = join(import.meta.dirname, 'writer.ts')

type Acknowledged = Record<'document' | 'gone' | 'message' | 'deleted' | 'blob', Set<string>> & {
  pair: number
}

test(`${roundCount} crashes lose nothing that was acknowledged`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lair-crash-'))
  const acknowledged: Acknowledged = {
    document: new Set(),
    gone: new Set(),
    message: new Set(),
    deleted: new Set(),
    blob: new Set(),
    pair: 0,
  }
  const counts = { document: 0, pair: 0, gone: 0, message: 0, deleted: 0, blob: 0, open: 0 }
  let lastRevision = 0
  try {
    for (let round = 0; round < roundCount; round++) {
      for (const line of await writeUntilKilled(directory, round)) {
        counts[note(line, acknowledged)]++
      }
      const store = openStore({ directory, clock: systemClock, ids: systemIds })
      try {
        await checkAll(store, acknowledged)
        const revision = await store.documents.put('round', round)
        assert.ok(revision > lastRevision && revision > acknowledged.pair)
        lastRevision = revision
      } finally {
        await store.close()
      }
      checkIntegrity(directory)
    }
    assert.equal(counts.open, roundCount)
    for (const count of Object.values(counts)) assert.ok(count > 0, JSON.stringify(counts))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

/** Start the writer, kill it at a random moment after its first lines. @returns its whole lines */
async function writeUntilKilled(directory: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, directory, `${round}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text))
  await once(child.stdout, 'data')
  await sleep(randomInt(200))
  child.kill('SIGKILL')
  await once(child, 'close')
  return output.split('\n').slice(0, -1)
}

/** @returns what kind of line it is */
function note(line: string, acknowledged: Acknowledged): keyof Acknowledged | 'open' {
  const [kind, name = ''] = line.split(' ')
  switch (kind) {
    case 'pair':
      acknowledged.pair = Math.max(acknowledged.pair, Number(name))
      return kind
    case 'document':
    case 'gone':
    case 'message':
    case 'deleted':
    case 'blob':
      acknowledged[kind].add(name)
      return kind
    default:
      assert.equal(line, 'open')
      return 'open'
  }
}

function checkIntegrity(directory: string): void {
  const database = new DatabaseSync(join(directory, 'lair.sqlite'))
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  database.close()
}

async function checkAll(store: Store, acknowledged: Acknowledged): Promise<void> {
  for (const key of acknowledged.document) {
    const value = store.documents.get<{ index: number }>(key)?.value
    assert.equal(value?.index, Number(key.split('/').at(-1)), key)
  }
  for (const key of acknowledged.gone) assert.equal(store.documents.get(key), undefined, key)
  const [a, b] = ['pair/a', 'pair/b'].map((key) => store.documents.get(key))
  assert.deepEqual([a?.value, a?.revision], [b?.value, b?.revision])
  assert.ok((a?.revision ?? 0) >= acknowledged.pair, 'the last pair is there')
  const left = new Set(await takeAll(store, 'done'))
  for (const id of acknowledged.deleted) assert.ok(!left.has(id), `message ${id} came back`)
  const kept = new Set(await takeAll(store, 'kept'))
  for (const id of acknowledged.message) assert.ok(kept.has(id), `message ${id} is lost`)
  for (const id of acknowledged.blob) {
    const digest = createHash('sha256')
      .update(await store.blobs.read(id))
      .digest('hex')
    assert.equal(digest, id)
  }
  assert.deepEqual(readdirSync(join(store.directory, 'blobs', 'tmp')), [])
  // What was checked need not be checked again: the next rounds stay as short as the first.
  for (const id of kept) acknowledged.deleted.add(id)
  acknowledged.message.clear()
  acknowledged.blob.clear()
}

/** Ids of all messages; they are deleted. */
async function takeAll(store: Store, queue: string): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const messages = store.queues.take(queue, 1000, 60_000)
    if (messages.length === 0) return ids
    ids.push(...messages.map((message) => message.id))
    await Promise.all(messages.map((message) => store.queues.delete(queue, message.id)))
  }
}
