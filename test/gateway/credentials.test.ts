import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCredentials } from '../../src/gateway/credential-store.ts'
import { openPresigner } from '../../src/gateway/presign.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { PlatformError } from '../../src/lib/errors/platform-error.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openEphemeralStore, openStore } from '../../src/store/open.ts'

const platform = { clock: systemClock, ids: systemIds }
const session = {
  accountId: '000000000000',
  roleArn: 'arn:aws:iam::000000000000:role/service-role/worker',
  sessionName: 'fn',
  durationMs: 60_000,
}

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'lair-credentials-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('openCredentials() knows test and account numbers until there are own credentials', async () => {
  await using directory = await temporaryDirectory()
  const store = openStore({ directory: directory.path, ...platform })
  const credentials = await openCredentials(store, systemClock, systemIds)
  assert.equal(credentials.isDefault, true)
  assert.equal(credentials.find('test')?.accountId, '000000000000')
  assert.equal(credentials.find('test', 'any token')?.secretAccessKey, 'test')
  assert.equal(credentials.find('123456789012')?.accountId, '123456789012')
  assert.equal(credentials.find('AKIAIOSFODNN7EXAMPLE'), undefined)
  const early = credentials.issueSession(session)

  const own = await credentials.create('111122223333')
  assert.match(own.accessKeyId, /^AKIA[A-Z2-7]{16}$/)
  assert.match(own.secretAccessKey, /^[A-Za-z0-9+/]{40}$/)
  assert.equal(own.arn, 'arn:aws:iam::111122223333:root')
  assert.equal(credentials.isDefault, false)
  assert.equal(credentials.find('test'), undefined)
  assert.equal(credentials.find('123456789012'), undefined)
  assert.equal(credentials.find(own.accessKeyId, 'token'), undefined)
  const kept = JSON.stringify(store.documents.list('credentials/'))
  assert.ok(!kept.includes(own.secretAccessKey))
  await store.close()

  const again = openStore({ directory: directory.path, ...platform })
  const reopened = await openCredentials(again, systemClock, systemIds)
  assert.deepEqual(reopened.find(own.accessKeyId), own)
  assert.equal(reopened.isDefault, false)
  const found = reopened.find(early.accessKeyId, early.sessionToken)
  assert.equal(found?.secretAccessKey, early.secretAccessKey)
  await again.close()
})

test('session credentials are sealed: no other key, no other server, no changed byte', async () => {
  const store = openEphemeralStore(platform)
  const other = openEphemeralStore(platform)
  const credentials = await openCredentials(store, systemClock, systemIds)
  const stranger = await openCredentials(other, systemClock, systemIds)
  const { accessKeyId, sessionToken, expiresAtMs, arn } = credentials.issueSession(session)
  assert.match(accessKeyId, /^ASIA[A-Z2-7]{16}$/)
  assert.equal(arn, 'arn:aws:sts::000000000000:assumed-role/worker/fn')
  assert.equal(credentials.find(accessKeyId, sessionToken)?.expiresAtMs, expiresAtMs)
  assert.equal(credentials.find(accessKeyId), undefined)
  assert.equal(credentials.find('ASIAAAAAAAAAAAAAAAAA', sessionToken), undefined)
  assert.equal(stranger.find(accessKeyId, sessionToken), undefined)
  for (const token of ['', 'x', sessionToken.repeat(50), randomBytes(300).toString('base64')]) {
    assert.equal(credentials.find(accessKeyId, token), undefined)
  }
  const bytes = Buffer.from(sessionToken, 'base64')
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(credentials.find(accessKeyId, changed.toString('base64')), undefined)
  }
  await Promise.all([store.close(), other.close()])
})

test("the server key is its owner's alone, and a broken one is named", async () => {
  await using directory = await temporaryDirectory()
  await openPresigner(directory.path, systemClock)
  const path = join(directory.path, 'keys', 'server.key')
  const { mode, size } = await stat(path)
  assert.equal(mode & 0o777, 0o600)
  assert.equal(size, 32)
  await chmod(path, 0o600)
  await writeFile(path, 'short')
  await assert.rejects(openPresigner(directory.path, systemClock), PlatformError)
})

test('openPresigner() called at once in one directory gives one key', async () => {
  await using directory = await temporaryDirectory()
  const [one, two] = await Promise.all([
    openPresigner(directory.path, systemClock),
    openPresigner(directory.path, systemClock),
  ])
  assert.ok(two.verifyPresigned(one.presign('/_lair/code/x', 1000)))
})

test('presigned paths cannot be moved, prolonged or kept', async () => {
  await using directory = await temporaryDirectory()
  let nowMs = 1_000_000
  const clock = { ...systemClock, nowMs: () => nowMs }
  const presigner = await openPresigner(directory.path, clock)
  const target = presigner.presign('/_lair/code/abc', 60_000)
  assert.ok(presigner.verifyPresigned(target))
  const signature = target.slice(target.indexOf('&signature='))
  for (const wrong of [
    '/_lair/code/abc',
    target.replace('abc', 'abd'),
    target.replace('expires=1', 'expires=2'),
    `${target}x`,
    `/_lair/code/abc?expires=9999999999999${signature}`,
  ]) {
    assert.equal(presigner.verifyPresigned(wrong), false, wrong)
  }
  nowMs += 60_000
  assert.equal(presigner.verifyPresigned(target), false)
})

test('startGateway() serves loopback alone until there are own credentials', async () => {
  const store = openEphemeralStore(platform)
  const credentials = await openCredentials(store, systemClock, systemIds)
  const options = { port: 0, services: [], credentials, ...platform }
  for (const host of ['0.0.0.0', '::']) {
    await assert.rejects(
      startGateway({ ...options, host }),
      (error) => error instanceof PlatformError && /lair credentials create/.test(error.message),
    )
  }
  const local = await startGateway({ ...options, host: 'localhost' })
  await assert.rejects(
    startGateway({ ...options, host: local.host, port: local.port }),
    (error) => error instanceof PlatformError && /the port is taken/.test(error.message),
  )
  await local.close()
  await credentials.create('111122223333')
  const open = await startGateway({ ...options, host: '0.0.0.0' })
  await open.close()
  await store.close()
})
