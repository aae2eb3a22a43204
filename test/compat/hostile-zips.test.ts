/**
 * Hostile deployment packages through CreateFunction: each gets AWS's own refusal or is made harmless, nothing is written outside the
 * data folder, the server lives and its memory stays bounded.
 */
import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import {
  CreateFunctionCommand,
  InvalidParameterValueException,
  InvokeCommand,
  LambdaServiceException,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, readInvocation, roleArn, waitUntilActive } from '../support/clients.ts'
import { buildZip } from '../support/raw-zip.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'

const mib = 1024 * 1024
const maxGrowthMib = 160
const handler = { name: 'index.mjs', content: 'export const handler = async () => "safe"' }
const link = 0o120777
const marker = 'lair-escaped-the-zip'
const escape = `../../../../../../../../../../tmp/${marker}`
const zeros = deflateRawSync(Buffer.alloc(64 * mib))
const nested = `${'deep/'.repeat(2000)}file`

/** Those that must be refused. */
const refused: Readonly<Record<string, () => Buffer>> = {
  'no zip at all': () => Buffer.from('hello, I am no zip'),
  'an empty upload': () => Buffer.alloc(0),
  'a cut end': () => buildZip([handler]).subarray(0, -10),
  'a path out of the folder': () => buildZip([handler, { name: escape, content: 'x' }]),
  'an absolute path': () => buildZip([handler, { name: `/tmp/${marker}`, content: 'x' }]),
  'a path out with backslashes': () =>
    buildZip([handler, { name: `..\\..\\..\\${marker}`, content: 'x' }]),
  'a path out in the middle': () =>
    buildZip([handler, { name: `a/../../../${marker}`, content: 'x' }]),
  'a name with NUL': () => buildZip([handler, { name: 'a\0b', content: 'x' }]),
  'a symbolic link out': () =>
    buildZip([handler, { name: 'l', content: '/etc/passwd', mode: link }]),
  'a relative link out': () =>
    buildZip([handler, { name: 'l', content: '../../../etc/passwd', mode: link }]),
  'a file through a link': () =>
    buildZip([
      handler,
      { name: 'l', content: '/tmp', mode: link },
      { name: `l/${marker}`, content: 'x' },
    ]),
  'a bomb with honest sizes': () =>
    buildZip([
      handler,
      ...Array.from({ length: 5 }, (_, index) => ({
        name: `zeros-${index}`,
        content: zeros,
        method: 8,
        claimedSize: 64 * mib,
      })),
    ]),
  'a bomb that claims one byte': () =>
    buildZip([handler, { name: 'zeros', content: zeros, method: 8, claimedSize: 1 }]),
  'a bomb of entries that share their bytes': () =>
    buildZip([
      { name: 'zeros', content: zeros, method: 8, claimedSize: 64 * mib },
      ...Array.from({ length: 200 }, (_, index) => ({
        name: `again-${index}`,
        content: zeros,
        method: 8,
        claimedSize: 64 * mib,
        sharesEntry: 0,
      })),
    ]),
  'a wrong checksum': () => buildZip([{ ...handler, claimedCrc: 1 }]),
  'an unknown method': () => buildZip([{ ...handler, method: 99 }]),
  'an encrypted entry': () => buildZip([{ ...handler, flags: 1 }]),
  'broken deflate data': () =>
    buildZip([{ ...handler, content: Buffer.from('ffffffffffffffff', 'hex'), method: 8 }]),
  'a count that lies': () => buildZip([handler], (end) => end.writeUInt16LE(60_000, 10)),
  'a directory offset beyond the end': () =>
    buildZip([handler], (end) => end.writeUInt32LE(0xffffff, 16)),
  'a device file': () => buildZip([handler, { name: 'dev', mode: 0o020666 }]),
  'a name longer than a file system takes': () =>
    buildZip([handler, { name: 'n'.repeat(5000), content: 'x' }]),
}

/** Those that may be taken, if what comes of them is harmless: the function then works. */
const harmless: Readonly<Record<string, () => Buffer>> = {
  'a name twice': () => buildZip([{ ...handler, content: 'throw 1' }, handler]),
  'a local name that differs': () => buildZip([{ ...handler, localName: `../../${marker}` }]),
  'a setuid program': () =>
    buildZip([handler, { name: 'root', content: '#!/bin/sh', mode: 0o104777 }]),
  'folders 2,000 deep': () => buildZip([handler, { name: nested, content: 'x' }]),
  'names that are prototypes': () =>
    buildZip([handler, { name: '__proto__', content: 'x' }, { name: 'constructor', content: 'x' }]),
  'a link inside': () => buildZip([handler, { name: 'l', content: 'index.mjs', mode: link }]),
  '10,000 empty files': () =>
    buildZip([handler, ...Array.from({ length: 10_000 }, (_, index) => ({ name: `e/${index}` }))]),
}

suite('hostile zips', () => {
  let server: LairServer
  let client: LambdaClient
  let beforeMib: number
  const outside = mkdtempSync(join(tmpdir(), 'lair-hostile-'))
  before(async () => {
    server = await startServer({ dataFolder: join(outside, 'data'), arguments: ['--no-warm-pool'] })
    client = lambdaClient(server)
    beforeMib = server.residentMib()
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
    rmSync(outside, { recursive: true, force: true })
  })

  for (const [title, make] of Object.entries(refused)) {
    test(`${title} is refused`, async () => {
      await assert.rejects(create(client, title, make()), (error) => {
        assert.ok(error instanceof InvalidParameterValueException, String(error))
        assert.equal(error.$metadata.httpStatusCode, 400)
        assert.notEqual(error.message, '')
        return true
      })
    })
  }

  for (const [title, make] of Object.entries(harmless)) {
    test(`${title} is refused or harmless`, async () => {
      const name = await create(client, title, make()).catch((error: unknown) => {
        assert.ok(
          error instanceof LambdaServiceException && error.$fault === 'client',
          String(error),
        )
        return undefined
      })
      if (name === undefined) return
      await waitUntilActive(client, name)
      const output = await client.send(new InvokeCommand({ FunctionName: name }))
      assert.equal(readInvocation(output).body, 'safe')
    })
  }

  test('nothing got out, no file is setuid, memory is bounded', () => {
    assert.ok(!existsSync(join(tmpdir(), marker)))
    assert.deepEqual(readdirSync(outside), ['data'])
    const paths = readdirSync(outside, { recursive: true, encoding: 'utf8' })
    const odd = paths.filter((path) => {
      const status = lstatSync(join(outside, path), { throwIfNoEntry: false })
      return path.includes(marker) || ((status?.mode ?? 0) & 0o6000) !== 0
    })
    assert.deepEqual(odd, [])
    const grownMib = server.residentMib() - beforeMib
    assert.ok(grownMib < maxGrowthMib, `Memory grew by ${grownMib.toFixed(0)} MiB`)
  })
})

/** Create a function of a package; its name is made of the title. */
async function create(client: LambdaClient, title: string, zip: Buffer): Promise<string> {
  const name = title.replaceAll(/[^\w]+/g, '-')
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: zip },
    }),
  )
  return name
}
