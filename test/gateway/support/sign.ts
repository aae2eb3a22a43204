/** Signed requests as bytes, made by the SDK's signer. */
import { SignatureV4 } from '@smithy/signature-v4'
import type { Gateway } from '../../../src/gateway/gateway.ts'
import { Sha256 } from '../../support/sdk-hash.ts'
import { testCredentials } from './server.ts'

export type Unsigned = {
  readonly method?: string
  /** path and query; the query's values must need no escapes */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  /** latin1: one byte a character */
  readonly body?: string
  readonly service?: string
  /** leave Content-Length out */
  readonly isBare?: boolean
}

/** The head of a signed request, blank line included, and its body. */
export async function signedRequest(gateway: Gateway, unsigned: Unsigned): Promise<string> {
  const { method = 'POST', target, body = '', service = 'lambda', isBare = false } = unsigned
  const [path = '/', query = ''] = target.split('?')
  const signer = new SignatureV4({
    credentials: testCredentials,
    region: 'us-east-1',
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
  const signed = await signer.sign({
    protocol: 'http:',
    hostname: gateway.host,
    port: gateway.port,
    method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: { host: `${gateway.host}:${gateway.port}`, ...unsigned.headers },
    body: Buffer.from(body, 'latin1'),
  })
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = isBare ? '' : `content-length: ${Buffer.byteLength(body, 'latin1')}\r\n`
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`
}

/** Invoke of a test function. */
export async function signedInvoke(
  gateway: Gateway,
  name: string,
  body = '{}',
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const target = `/2015-03-31/functions/${name}/invocations`
  return signedRequest(gateway, { target, body, headers })
}
