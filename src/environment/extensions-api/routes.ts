/** Which endpoint of the Extensions API a request is for. Where extensions are switched off, none of it is there.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API"; Runtime Interface Emulator, rapi/router. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Receiver } from '../runtime-api/connection.ts'
import { refusal } from '../runtime-api/refusal.ts'
import { methodNotAllowed } from '../runtime-api/replies.ts'
import { postError } from './errors.ts'
import type { Extensions } from './extensions.ts'
import { next } from './next.ts'
import { register } from './register.ts'

const base = '/2020-01-01/extension'

type Endpoint = {
  readonly method: 'GET' | 'POST'
  readonly receive: (extensions: Extensions, head: RequestHead) => Receiver
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  [`${base}/register`, { method: 'POST', receive: register }],
  [`${base}/event/next`, { method: 'GET', receive: next }],
  [
    `${base}/init/error`,
    { method: 'POST', receive: (extensions, head) => postError(extensions, head, 'init-error') },
  ],
  [
    `${base}/exit/error`,
    { method: 'POST', receive: (extensions, head) => postError(extensions, head, 'exit-error') },
  ],
] satisfies [string, Endpoint][])

/** @returns undefined when the path is none of this API's */
export function routeExtension(
  extensions: Extensions,
  head: RequestHead,
  path: string,
): Receiver | undefined {
  const endpoint = extensions.isEnabled ? endpoints.get(path) : undefined
  if (!endpoint) return undefined
  return head.method === endpoint.method
    ? endpoint.receive(extensions, head)
    : refusal(methodNotAllowed)
}
