import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderBytes } from './storage.ts'

test('folderBytes() counts what is on disk, without following links', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lair-storage-'))
  try {
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    writeFileSync(join(folder, 'a/b/file'), Buffer.alloc(1024 * 1024, 1))
    writeFileSync(join(folder, 'sparse'), '')
    truncateSync(join(folder, 'sparse'), 1024 * 1024 * 1024)
    symlinkSync('/', join(folder, 'link'))
    const bytes = await folderBytes(folder, Number.MAX_SAFE_INTEGER)
    assert.ok(bytes >= 1024 * 1024 && bytes < 2 * 1024 * 1024, String(bytes))
    assert.ok((await folderBytes(folder, 10_000)) > 10_000)
    assert.equal(await folderBytes(join(folder, 'missing'), 1), 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
