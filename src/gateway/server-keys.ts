/**
 * The server's own secret: 32 random bytes in the data directory, from which each use derives a key of its own. It seals
 * session tokens and stored secrets, and signs local presigned URLs.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../lib/errors/platform-error.ts'

const keyBytes = 32
const ivBytes = 12
const tagBytes = 16

export type ServerKeys = {
  /** Encrypt and authenticate; `context` must be the same to open it. @returns base64 */
  seal(context: string, text: string): string
  /** @returns undefined when the seal is not ours, was tampered with, or was made in another context */
  unseal(context: string, sealed: string): string | undefined
  /** key of local presigned URLs, 32 bytes */
  readonly presignKey: Buffer
}

/** The keys of a data directory; the secret is made at the first call, readable by its owner alone.
 *  @throws PlatformError when the key file is there but unusable */
export async function openServerKeys(directory: string): Promise<ServerKeys> {
  const secret = await readOrMakeSecret(join(directory, 'keys'), 'server.key')
  const sealingKey = derive(secret, 'lair session and secret sealing')
  return {
    seal: (context, text) => seal(sealingKey, context, text),
    unseal: (context, sealed) => unseal(sealingKey, context, sealed),
    presignKey: derive(secret, 'lair local presigned urls'),
  }
}

async function readOrMakeSecret(folder: string, name: string): Promise<Buffer> {
  const path = join(folder, name)
  const present = await findFile(path)
  if (present) return checked(present, path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Written aside and linked: the file appears whole or not at all, and the first of two starters wins.
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(aside, 'wx', 0o600)
    try {
      await file.writeFile(randomBytes(keyBytes))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(aside, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error
    })
  } catch (cause) {
    throw new PlatformError(`Cannot write key file "${path}"`, { cause })
  } finally {
    await rm(aside, { force: true })
  }
  return checked(await readFile(path), path)
}

async function findFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw new PlatformError(`Cannot read key file "${path}"`, { cause })
  }
}

function checked(secret: Buffer, path: string): Buffer {
  if (secret.length === keyBytes) return secret
  throw new PlatformError(`Cannot use key file "${path}": it must hold ${keyBytes} bytes`)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function derive(secret: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), use, keyBytes))
}

function seal(key: Buffer, context: string, text: string): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(context))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

function unseal(key: Buffer, context: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < ivBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
  try {
    const text = decipher.update(bytes.subarray(ivBytes + tagBytes))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
