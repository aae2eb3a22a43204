/**
 * Function URLs as web sites: which URL a request is for, who may use it, and the way of the request through the trunk and back. The
 * operations that make URLs are in function-url.ts.
 * source: AWS Lambda dev guide "Lambda function URLs"; recorded answers.
 */
import { lambdaLimits } from '../../../config.ts'
import type { LocalResponse } from '../../../gateway/local-routes.ts'
import {
  forbidden,
  refusalOf,
  type Site,
  type SiteRequest,
  type Sites,
} from '../../../gateway/sites.ts'
import type { Targets } from '../../../invoke/target.ts'
import type { Run, RunOptions } from '../../../invoke/run.ts'
import { traceOfCall } from '../../../invoke/lineage.ts'
import { AwsError } from '../../../lib/errors/aws-error.ts'
import { requestTooLarge } from '../../../lib/errors/lambda.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Ids } from '../../../lib/ids.ts'
import type { Invocation } from '../../../model.ts'
import type { Documents } from '../../../store/store.ts'
import { corsHeaders, isPreflight, preflightHeaders } from './function-url-cors.ts'
import { toUrlEvent } from './function-url-event.ts'
import { missingAction } from './function-url-policy.ts'
import { buffered, streamed } from './function-url-run.ts'
import { urlDomain } from './function-url.ts'
import {
  policyKey,
  urlIdKey,
  type PolicyRecord,
  type UrlIdRecord,
  type UrlRecord,
} from '../records.ts'

export type UrlSiteDependencies = {
  readonly documents: Documents
  readonly targets: Targets
  readonly run: Run
  readonly clock: Clock
  readonly ids: Ids
}

/** Where URLs answer for clients that cannot resolve their names: `/_lair/url/<id>/…`. */
export const urlPath = '/_lair/url/'

const hostForm = /^([^.]+)\.lambda-url\.([^.:]+)\./
const idForm = /^[a-z0-9]{32}$/

/** All function URLs. */
export function createUrlSites(deps: UrlSiteDependencies): Sites {
  return {
    find: (host, target) => {
      const [, id = '', region] = hostForm.exec(host.toLowerCase()) ?? []
      if (region !== undefined) return open(deps, { id, region, target, isByPath: false })
      if (!target.startsWith(urlPath)) return undefined
      const [, pathId = '', rest = ''] = /^([^/?]*)(.*)$/.exec(target.slice(urlPath.length)) ?? []
      const within = rest.startsWith('/') ? rest : `/${rest}`
      return open(deps, { id: pathId, region: undefined, target: within, isByPath: true })
    },
  }
}

type Address = {
  readonly id: string
  readonly region: string | undefined
  readonly target: string
  readonly isByPath: boolean
}

/** A URL that is there. */
type Url = { readonly owner: UrlIdRecord; readonly record: UrlRecord }

function open(deps: UrlSiteDependencies, address: Address): Site {
  const { target, isByPath } = address
  const url = findUrl(deps.documents, address)
  if (url === undefined) return unknownUrl(target, isByPath)
  const { authType, cors } = url.record
  return {
    target,
    isByPath,
    signedIn: authType === 'AWS_IAM' ? url.owner.region : undefined,
    answerEarly: (method, headers) => {
      if (cors === undefined || !isPreflight(method, headers)) return undefined
      return { status: 200, headers: preflightHeaders(cors, headers), body: nothing }
    },
    answer: async (request) => {
      const response = await answer(deps, url, request)
      if (cors === undefined) return response
      const headers = { ...response.headers, ...corsHeaders(cors, request.headers) }
      return { ...response, headers }
    },
    refuse,
  }
}

function findUrl(documents: Documents, { id, region }: Address): Url | undefined {
  if (!idForm.test(id)) return undefined
  const owner = documents.get<UrlIdRecord>(urlIdKey(id))?.value
  if (owner === undefined || (region !== undefined && owner.region !== region)) return undefined
  const record = documents.get<UrlRecord>(owner.key)?.value
  return record?.id === id ? { owner, record } : undefined
}

const nothing = Buffer.alloc(0)

function unknownUrl(target: string, isByPath: boolean): Site {
  const response = refusal(403, 'AccessDeniedException', { Message: null })
  return {
    target,
    isByPath,
    signedIn: undefined,
    answerEarly: () => response,
    answer: async () => response,
    refuse,
  }
}

function refuse(status: number, code: string, message: string): LocalResponse {
  return refusal(status, code, { Message: message })
}

function refusal(status: number, code: string, body: object): LocalResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-ErrorType': code },
    body: Buffer.from(JSON.stringify(body)),
  }
}

async function answer(
  deps: UrlSiteDependencies,
  url: Url,
  request: SiteRequest,
): Promise<LocalResponse> {
  const missing = whatIsMissing(deps.documents, url, request)
  if (missing !== undefined) {
    return refusalOf({ refuse }, forbidden(`no statement of the resource policy allows ${missing}`))
  }
  try {
    const { invocation, options } = await prepare(deps, url, request)
    const invoke = url.record.invokeMode === 'RESPONSE_STREAM' ? streamed : buffered
    const response = await invoke(deps.run, { invocation, options, signal: request.signal })
    const traced = { 'X-Amzn-Trace-Id': invocation.traceId }
    return { ...response, headers: { ...traced, ...response.headers } }
  } catch (error) {
    // A throttled URL says so in Invoke's own words.
    if (!(error instanceof AwsError) || error.status !== 429) throw error
    const { Reason, Type } = error.fields
    return refusal(429, error.code, { Reason, Type, message: error.message })
  }
}

/** The account's own callers are let in unless the policy denies it; others, and everybody, by the policy alone. */
function whatIsMissing(
  documents: Documents,
  { owner, record }: Url,
  { caller }: SiteRequest,
): string | undefined {
  const key = policyKey(owner, owner.functionName, record.qualifier ?? '$LATEST')
  const statements = documents.get<PolicyRecord>(key)?.value.statements ?? []
  const isOwner = caller?.accountId === owner.accountId
  return missingAction(statements, { authType: record.authType, caller, isOwner })
}

async function prepare(
  { targets, clock, ids }: UrlSiteDependencies,
  { owner, record }: Url,
  request: SiteRequest,
): Promise<{ invocation: Invocation; options: RunOptions }> {
  const target = targets.resolve(owner, owner.functionName, record.qualifier)
  const nowMs = clock.nowMs()
  const traceHeader = request.headers['x-amzn-trace-id']
  const traceId = traceOfCall(traceHeader, target.lineage, nowMs, ids)
  const domainName = urlDomain(record.id, owner.region)
  const event = toUrlEvent(request, { urlId: record.id, domainName, traceId, nowMs })
  const payload = Buffer.from(event)
  if (payload.length > lambdaLimits.maxPayloadBytes) {
    throw requestTooLarge(
      `Request must be smaller than ${lambdaLimits.nominalPayloadBytes} bytes for the InvokeFunction operation`,
    )
  }
  return {
    invocation: {
      requestId: request.requestId,
      version: await target.version,
      invokedArn: target.invokedArn,
      payload: [payload],
      traceId,
    },
    options: {
      reservedConcurrency: target.reservedConcurrency,
      unreservedConcurrency: targets.unreservedConcurrency(owner),
    },
  }
}
