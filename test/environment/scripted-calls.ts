/** The calls that runtimes and extensions make, as requests without a socket. */
import type { ExtensionCallName, RuntimeCallName } from './written-model.ts'

export type Request = {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
}

export function runtimeRequest(call: RuntimeCallName, requestId: string): Request {
  const base = '/2018-06-01/runtime'
  switch (call) {
    case 'next':
      return { method: 'GET', target: `${base}/invocation/next` }
    case 'init-error':
      return { method: 'POST', target: `${base}/init/error`, text: '{}' }
    default:
      return { method: 'POST', target: `${base}/invocation/${requestId}/${call}`, text: '{}' }
  }
}

export function extensionRequest(
  call: ExtensionCallName,
  extension: { name: string; id: string | undefined; events: readonly string[] },
): Request {
  const base = '/2020-01-01/extension'
  const { name, id = '', events } = extension
  const identity = { 'lambda-extension-identifier': id }
  switch (call) {
    case 'register': {
      const headers = { 'lambda-extension-name': name }
      const text = JSON.stringify({ events })
      return { method: 'POST', target: `${base}/register`, headers, text }
    }
    case 'next':
      return { method: 'GET', target: `${base}/event/next`, headers: identity }
    default: {
      const headers = { ...identity, 'lambda-extension-function-error-type': 'Extension.Mine' }
      return { method: 'POST', target: `${base}/${call.replace('-', '/')}`, headers }
    }
  }
}
