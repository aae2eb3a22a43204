/**
 * The credentials of a server. Until somebody makes their own, `test`/`test` is good (and each account's number as a key), as
 * users of local AWS tools expect. Access keys are documents with a sealed secret; session credentials are stored nowhere:
 * the token itself holds them, sealed.
 */
import { defaults, gatewayLimits } from '../config.ts'
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Ids } from '../lib/ids.ts'
import type { Store } from '../store/store.ts'
import type { Credential, Credentials, SessionCredential } from './credentials.ts'
import { openServerKeys } from './server-keys.ts'
import type { ServerKeys } from './server-keys.ts'

const prefix = 'credentials/'
const tokenContext = 'session'
const defaultSecret = 'test'
const accountForm = /^\d{12}$/

type StoredCredential = {
  readonly accountId: string
  readonly arn: string
  readonly sealedSecret: string
  readonly createdAtMs: number
}

/** What a session token holds: short names, since it travels with every request. */
type SealedSession = {
  /** access key id */
  readonly k: string
  /** secret access key */
  readonly s: string
  /** account id */
  readonly a: string
  /** arn of the session */
  readonly r: string
  /** expires at, epoch ms */
  readonly e: number
}

/** Open the credentials kept in `store`.
 *  @throws PlatformError when the key file or a stored secret cannot be used
 *  source  IAM user guide "Understanding unique ID prefixes" (AKIA, ASIA), "Temporary security credentials" */
export async function openCredentials(store: Store, clock: Clock, ids: Ids): Promise<Credentials> {
  const keys = await openServerKeys(store.directory)
  const own = new Map<string, Credential>()
  store.documents.watch(prefix, ({ key, value }) => {
    const accessKeyId = key.slice(prefix.length)
    if (value === undefined) own.delete(accessKeyId)
    else own.set(accessKeyId, opened(keys, accessKeyId, value as StoredCredential))
  })
  let after: string | undefined
  do {
    const page = store.documents.list<StoredCredential>(
      prefix,
      after === undefined ? {} : { after },
    )
    for (const { key, value } of page.documents) {
      const accessKeyId = key.slice(prefix.length)
      own.set(accessKeyId, opened(keys, accessKeyId, value))
    }
    after = page.next
  } while (after !== undefined)
  const findSession = sessionFinder(keys)

  return {
    find(accessKeyId, sessionToken) {
      const isDefaultKey = own.size === 0 && isTestKey(accessKeyId)
      if (isDefaultKey) return testCredential(accessKeyId)
      if (sessionToken !== undefined) return findSession(accessKeyId, sessionToken)
      return own.get(accessKeyId)
    },
    issueSession(request) {
      return issueSession({ ...request, keys, ids, nowMs: clock.nowMs() })
    },
    async create(accountId) {
      assert(accountForm.test(accountId), 'an account has 12 digits')
      const credential = {
        accessKeyId: accessKeyId('AKIA', ids),
        secretAccessKey: secretAccessKey(ids),
        accountId,
        arn: `arn:aws:iam::${accountId}:root`,
      }
      const stored: StoredCredential = {
        accountId,
        arn: credential.arn,
        sealedSecret: keys.seal(credential.accessKeyId, credential.secretAccessKey),
        createdAtMs: clock.nowMs(),
      }
      await store.documents.put(`${prefix}${credential.accessKeyId}`, stored, 0)
      own.set(credential.accessKeyId, credential)
      return credential
    },
    get isDefault() {
      return own.size === 0
    },
  }
}

function opened(keys: ServerKeys, accessKeyId: string, stored: StoredCredential): Credential {
  const secret = keys.unseal(accessKeyId, stored.sealedSecret)
  if (secret === undefined) {
    throw new PlatformError(
      `Cannot open the secret of access key "${accessKeyId}": it was sealed under another server key`,
    )
  }
  return { accessKeyId, secretAccessKey: secret, accountId: stored.accountId, arn: stored.arn }
}

function isTestKey(accessKeyId: string): boolean {
  return accessKeyId === 'test' || accountForm.test(accessKeyId)
}

function testCredential(accessKeyId: string): Credential {
  const accountId = accessKeyId === 'test' ? defaults.accountId : accessKeyId
  return {
    accessKeyId,
    secretAccessKey: defaultSecret,
    accountId,
    arn: `arn:aws:iam::${accountId}:root`,
  }
}

/** Opens tokens and keeps the last ones open: a function calls again and again with the same. */
function sessionFinder(keys: ServerKeys): (id: string, token: string) => Credential | undefined {
  const open = new Map<string, Credential>()
  return (id, token) => {
    if (token.length > gatewayLimits.maxSessionTokenBytes) return undefined
    let session = open.get(token)
    if (!session) {
      session = openToken(keys, token)
      if (!session) return undefined
      open.set(token, session)
      const oldest = open.keys().next()
      if (open.size > gatewayLimits.maxOpenTokenCount && !oldest.done) open.delete(oldest.value)
    }
    return session.accessKeyId === id ? session : undefined
  }
}

function openToken(keys: ServerKeys, token: string): Credential | undefined {
  const text = keys.unseal(tokenContext, token)
  if (text === undefined) return undefined
  const sealed = JSON.parse(text) as SealedSession
  return {
    accessKeyId: sealed.k,
    secretAccessKey: sealed.s,
    accountId: sealed.a,
    arn: sealed.r,
    expiresAtMs: sealed.e,
  }
}

function issueSession(request: {
  accountId: string
  roleArn: string
  sessionName: string
  durationMs: number
  keys: ServerKeys
  ids: Ids
  nowMs: number
}): SessionCredential {
  const { accountId, roleArn, sessionName, keys, ids } = request
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1)
  const session = {
    accessKeyId: accessKeyId('ASIA', ids),
    secretAccessKey: secretAccessKey(ids),
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    expiresAtMs: request.nowMs + request.durationMs,
  }
  const sealed: SealedSession = {
    k: session.accessKeyId,
    s: session.secretAccessKey,
    a: accountId,
    r: session.arn,
    e: session.expiresAtMs,
  }
  return { ...session, sessionToken: keys.seal(tokenContext, JSON.stringify(sealed)) }
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** 20 characters: the prefix and 80 random bits. */
function accessKeyId(kind: 'AKIA' | 'ASIA', ids: Ids): string {
  let id: string = kind
  for (const byte of Buffer.from(ids.hex(16), 'hex')) id += base32[byte % 32]
  return id
}

/** 40 characters of base64: 240 random bits. */
function secretAccessKey(ids: Ids): string {
  return Buffer.from(ids.hex(30), 'hex').toString('base64')
}
