/** A Runtime API with nothing behind it but a record of what it tells, for tests. */
import { setTimeout } from 'node:timers/promises'
import { toRuntimeEvent } from '../../src/environment/runtime-api/next.ts'
import { RuntimeApi } from '../../src/environment/runtime-api/runtime-api.ts'
import type {
  Answer,
  PostedError,
  RuntimeSession,
  SnapshotAccess,
} from '../../src/environment/runtime-api/session.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Invocation } from '../../src/model.ts'
import { RawClient, request } from './raw-client.ts'
import { makeVersion } from './support.ts'

export const id = '8f507cfc-2b0d-4c53-a2ab-d6e2a6d4a4d4'
export const base = '/2018-06-01/runtime'
export const nextPath = `${base}/invocation/next`
export const responsePath = `${base}/invocation/${id}/response`
export const errorPath = `${base}/invocation/${id}/error`
export const accepted = '{"status":"OK"}\n'

function makeInvocation(changes: Partial<Invocation> = {}): Invocation {
  const version = makeVersion()
  return {
    requestId: id,
    version,
    invokedArn: `${version.arn}:live`,
    payload: [Buffer.from('{"a":'), Buffer.from('1}')],
    traceId: 'Root=1-2-3;Parent=4;Sampled=0',
    ...changes,
  }
}

export async function openApi(snapshot?: SnapshotAccess) {
  const api = new RuntimeApi(systemClock)
  const answers: Answer[] = []
  const initErrors: PostedError[] = []
  let readyCount = 0
  let onReady = (): void => {}
  const listener = {
    onReady: () => {
      readyCount += 1
      onReady()
    },
    onAnswer: (_session: RuntimeSession, answer: Answer) => answers.push(answer),
    onInitError: (_session: RuntimeSession, error: PostedError) => initErrors.push(error),
  }
  const session = api.renew(listener, { snapshot })
  const address = await api.open()
  const clients: RawClient[] = []
  const open = (): RawClient => {
    const client = new RawClient(address)
    clients.push(client)
    return client
  }
  const offer = (changes?: Partial<Invocation>): void =>
    session.offer(toRuntimeEvent(makeInvocation(changes), 1_700_000_000_123.9))
  return {
    api,
    address,
    session,
    answers,
    initErrors,
    open,
    offer,
    readyCount: () => readyCount,
    /** do this when the runtime asks for its next event */
    onReady: (act: () => void) => (onReady = act),
    [Symbol.dispose]: () => {
      for (const client of clients) client.socket.destroy()
      api.close()
    },
  }
}

export type Api = Awaited<ReturnType<typeof openApi>>

/** Bring a session into a state through calls of the API. */
/** All states that calls alone can bring about. */
export async function reach(api: Api, state: RuntimeSession['state']): Promise<void> {
  if (state === 'Started') return
  if (state === 'InitError') {
    await api.open().ask('POST', `${base}/init/error`, '{}')
    return
  }
  if (state === 'RestoreReady' || state === 'Restoring' || state === 'RuntimeRestoreErrorState') {
    await reachRestore(api, state)
    return
  }
  const poller = api.open()
  poller.send('GET', nextPath)
  await becomes(api, 'Ready')
  if (state === 'Ready') return
  api.offer()
  await poller.response()
  if (state === 'Running') return
  const sender = api.open()
  if (state === 'RuntimeResponseSentState') {
    await sender.ask('POST', responsePath, '{}')
  } else {
    const path = state === 'InvocationResponse' ? responsePath : errorPath
    sender.socket.write(request('POST', path, '{}').slice(0, -1))
  }
  await becomes(api, state)
}

async function reachRestore(api: Api, state: RuntimeSession['state']): Promise<void> {
  const poller = api.open()
  poller.send('GET', `${base}/restore/next`)
  await becomes(api, 'RestoreReady')
  if (state === 'RestoreReady') return
  api.session.restore()
  await poller.response()
  if (state === 'Restoring') return
  await api.open().ask('POST', `${base}/restore/error`, '{}')
}

async function becomes(api: Api, state: RuntimeSession['state']): Promise<void> {
  while (api.session.state !== state) await setTimeout(1)
}
