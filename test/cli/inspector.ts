/** A client of Node.js' inspector, as an editor is one: over the WebSocket that the port names. */
import assert from 'node:assert/strict'
import { Mailbox } from './mailbox.ts'

export type Inspector = Disposable & {
  call(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>
  /** the next event of a name, from now on or since the last that was waited for */
  event(method: string): Promise<Readonly<Record<string, unknown>>>
}

type Message = {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
}

const timeoutMs = 10_000

/** Attach to the process behind a port. */
export async function attach(port: number): Promise<Inspector> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[]
  assert.ok(target)
  assert.equal(new URL(target.webSocketDebuggerUrl).port, String(port))
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  const messages = new Mailbox<Message>(timeoutMs)
  socket.addEventListener('message', ({ data }) => {
    messages.put(JSON.parse(String(data)) as Message)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  let count = 0
  return {
    async call(method, params = {}) {
      count += 1
      const id = count
      socket.send(JSON.stringify({ id, method, params }))
      return (await messages.take((message) => message.id === id)).result ?? {}
    },
    async event(method) {
      return (await messages.take((message) => message.method === method)).params ?? {}
    },
    [Symbol.dispose]: () => socket.close(),
  }
}
