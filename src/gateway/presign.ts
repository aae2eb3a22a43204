/**
 * Presigned URLs of Lair's own routes, such as the download of a function's code: whoever holds the URL may fetch it until it
 * expires, and nobody can make one without the server's key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { gatewayLimits } from '../config.ts'
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import { openServerKeys } from './server-keys.ts'

export type Presigner = {
  /** Sign `path` for `expiresMs` from now.
   *  @param path  absolute path without a query, percent-encoded
   *  @returns the path with its query; put the endpoint before it */
  presign(path: string, expiresMs: number): string
  /** true while `target` (path with query, as on the wire) is one of ours that has not expired */
  verifyPresigned(target: string): boolean
}

const form = /^([^?]*)\?expires=(\d{1,15})&signature=([\w-]{43})$/

/** The presigner of a data directory.
 *  @throws PlatformError when the key file cannot be used */
export async function openPresigner(directory: string, clock: Clock): Promise<Presigner> {
  const { presignKey } = await openServerKeys(directory)
  const sign = (path: string, expires: string): Buffer =>
    createHmac('sha256', presignKey).update(`${expires}\n${path}`).digest()
  return {
    presign(path, expiresMs) {
      assert(path.startsWith('/') && !path.includes('?'), 'a presigned path is absolute and bare')
      assert(expiresMs > 0 && expiresMs <= gatewayLimits.maxPresignMs, 'a presigned life is short')
      const expires = String(Math.floor(clock.nowMs() + expiresMs))
      return `${path}?expires=${expires}&signature=${sign(path, expires).toString('base64url')}`
    },
    verifyPresigned(target) {
      const [, path, expires, signature] = form.exec(target) ?? []
      if (path === undefined || expires === undefined || signature === undefined) return false
      const given = Buffer.from(signature, 'base64url')
      const expected = sign(path, expires)
      if (given.length !== expected.length || !timingSafeEqual(expected, given)) return false
      return Number(expires) > clock.nowMs()
    },
  }
}
