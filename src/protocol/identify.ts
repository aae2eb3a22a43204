/**
 * Says which service and operation a request is for, before its body is read: by the target header, the protocol header, the action, the
 * service of the credential scope, and at last by path and host. Called by the gateway for every request but the hot path.
 * source: the protocols of Smithy 2.0; AWS SDKs' and the CLI's requests (test/protocol).
 */
import { loadModel, serviceFacts } from './load-model.ts'
import type { Operation } from './load-model.ts'
import { findRoute, splitBucket } from './route.ts'
import { serviceNames } from './services.ts'
import type { ServiceName } from './services.ts'
import type { Protocol, ServiceFacts } from './shape-model.ts'
import { parseParameters, splitTarget } from './target.ts'
import type { Target } from './target.ts'
import type { Identified, Scope, WireRequest } from './wire.ts'

type Sight = {
  readonly request: WireRequest
  readonly target: Target
  readonly scope: Scope | undefined
}

type Named = {
  readonly service: ServiceName
  readonly protocol: Protocol
  readonly operation?: Operation | undefined
  readonly labels?: Readonly<Record<string, string>>
  readonly needsBody?: boolean
}

const facts: readonly (readonly [ServiceName, ServiceFacts])[] = serviceNames.map((name) => [
  name,
  serviceFacts[name],
])
const byTarget = new Map(facts.map(([name, { target }]) => [target, name]))
const byVersion = new Map(
  facts
    .filter(([, { protocol, queryCompatible }]) => protocol === 'awsQuery' || queryCompatible)
    .map(([name, { version }]) => [version, name]),
)
/** first comes first: dynamodb before its streams, api-gateway before its version 2 */
const bySigningName = new Map(facts.toReversed().map(([name, fact]) => [fact.signingName, name]))
const byHostPrefix = new Map(facts.toReversed().map(([name, fact]) => [fact.hostPrefix, name]))

/** Services in credential scopes that are another name of one of ours. */
const signingAliases: Readonly<Record<string, ServiceName>> = {
  s3express: 's3',
  's3-object-lambda': 's3',
}

const lambdaPath = /^\/20\d\d-\d\d-\d\d\/[a-z]/
const formType = 'application/x-www-form-urlencoded'

/** What a request asks for; undefined when nothing about it names a service.
 *  @param body   undefined: not read yet
 *  @param scope  of the signature, unverified; undefined when there is none
 *  @throws AwsError InvalidURI, MalformedInput (400) for a target that cannot be read */
export function identify(
  request: WireRequest,
  body: Uint8Array | undefined,
  scope: Scope | undefined,
): Identified | undefined {
  const sight: Sight = { request, target: splitTarget(request.target), scope }
  const named =
    byTargetHeader(sight) ?? byProtocolHeader(sight) ?? byAction(sight, body) ?? byRest(sight)
  return named === undefined ? undefined : toIdentified(request, named)
}

function toIdentified(request: WireRequest, named: Named): Identified {
  const { service, protocol, operation, needsBody = false, labels = {} } = named
  return {
    service,
    protocol,
    ...(operation === undefined ? {} : { operation: operation.name }),
    needsBody,
    streamsInput: operation?.streamsInput ?? false,
    isUnsigned: operation?.unsigned === 1,
    isHead: request.method === 'HEAD',
    labels,
  }
}

/** `X-Amz-Target: DynamoDB_20120810.PutItem` */
function byTargetHeader({ request, scope }: Sight): Named | undefined {
  const header = request.headers['x-amz-target']
  if (header === undefined) return undefined
  const dot = header.lastIndexOf('.')
  const service = byTarget.get(header.slice(0, dot)) ?? byScope(scope)
  if (service === undefined) return undefined
  const isVersion0 = request.headers['content-type']?.includes('x-amz-json-1.0')
  const isVersion1 = request.headers['content-type']?.includes('x-amz-json-1.1')
  const own = serviceFacts[service].protocol === 'awsJson1_1' ? 'awsJson1_1' : 'awsJson1_0'
  const protocol = isVersion0 ? 'awsJson1_0' : isVersion1 ? 'awsJson1_1' : own
  return { service, protocol, operation: operationOf(service, header.slice(dot + 1)) }
}

/** `/service/GraniteServiceVersion20100801/operation/PutMetricData` */
function byProtocolHeader({ request, target, scope }: Sight): Named | undefined {
  if (request.headers['smithy-protocol'] !== 'rpc-v2-cbor') return undefined
  const [, , , operation, name, ...more] = target.path.split('/').slice(-5)
  const segments = target.path.split('/')
  const serviceTarget = segments[segments.indexOf('service') + 1] ?? ''
  const service = byTarget.get(serviceTarget.split('.').at(-1) ?? '') ?? byScope(scope)
  if (service === undefined) return undefined
  const isOperation = operation === 'operation' && name !== undefined && more.length === 0
  return {
    service,
    protocol: 'rpcv2Cbor',
    operation: isOperation ? operationOf(service, name) : undefined,
  }
}

/** `Action=CreateUser&Version=2010-05-08`, in the URL or in a form body. */
function byAction(sight: Sight, body: Uint8Array | undefined): Named | undefined {
  const { request, target, scope } = sight
  const scoped = byScope(scope)
  if (scoped !== undefined && serviceFacts[scoped].protocol.startsWith('rest')) return undefined
  if (scope === undefined && lambdaPath.test(target.path)) return undefined
  if (/(?:^|&)Action=/.test(target.query)) {
    const query = new Map(parseParameters(target.query))
    if (request.method === 'GET' || query.has('Version')) return actionOf(query, scoped)
  }
  const isForm = request.headers['content-type']?.toLowerCase().startsWith(formType) === true
  if (!isForm || request.method !== 'POST') return undefined
  if (body === undefined) {
    const service = scoped ?? byHost(request.host) ?? 'sts'
    return { service, protocol: 'awsQuery', needsBody: true }
  }
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  return actionOf(new Map(parseParameters(text)), scoped ?? byHost(request.host))
}

function actionOf(form: ReadonlyMap<string, string>, guess?: ServiceName): Named | undefined {
  const service = byVersion.get(form.get('Version') ?? '') ?? guess
  if (service === undefined) return undefined
  const operation = operationOf(service, form.get('Action') ?? '')
  return { service, protocol: 'awsQuery', operation }
}

function byRest(sight: Sight): Named | undefined {
  const { request, target, scope } = sight
  const service = restService(sight)
  if (service === undefined) return undefined
  const { protocol } = serviceFacts[service]
  if (!protocol.startsWith('rest')) return { service, protocol }
  const model = loadModel(service)
  if (service !== 's3') return { service, protocol, ...findRoute(model, { request, target }) }
  if (scope?.service === 's3-object-lambda' && target.path === '/WriteGetObjectResponse') {
    return { service, protocol, ...findRoute(model, { request, target }) }
  }
  const bucket = bucketOfHost(request.host)
  const place = bucket === undefined ? splitBucket(target) : { target, bucket }
  const match = findRoute(model, { request, ...place })
  const isDirectory = scope?.service === 's3express' && match?.operation.name === 'ListBuckets'
  if (isDirectory)
    return { service, protocol, operation: operationOf(service, 'ListDirectoryBuckets') }
  return { service, protocol, ...match }
}

function restService({ request, target, scope }: Sight): ServiceName | undefined {
  const scoped = byScope(scope)
  if (scoped === 'api-gateway') {
    return target.path.startsWith('/v2/') ? 'apigatewayv2' : 'api-gateway'
  }
  if (scoped !== undefined) return scoped
  if (scope !== undefined) return undefined
  if (lambdaPath.test(target.path)) return 'lambda'
  const hosted = byHost(request.host)
  if (hosted !== undefined) return hosted
  if (bucketOfHost(request.host) !== undefined) return 's3'
  return target.path === '/' ? undefined : 's3'
}

function byScope(scope: Scope | undefined): ServiceName | undefined {
  if (scope === undefined) return undefined
  return bySigningName.get(scope.service) ?? signingAliases[scope.service]
}

/** `lambda.us-east-1.amazonaws.com`, `streams.dynamodb.eu-west-1.amazonaws.com`, `s3.localhost:4566` */
function byHost(host: string): ServiceName | undefined {
  const labels = host.toLowerCase().split('.', 8)
  if (labels.length < 2) return undefined
  return byHostPrefix.get(`${labels[0]}.${labels[1]}`) ?? byHostPrefix.get(labels[0] ?? '')
}

/** Virtual-host style: `bucket.s3.us-east-1.amazonaws.com`, `bucket.localhost:4566`. */
function bucketOfHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '')
  const amazon = /^(.+)\.s3[.-]/.exec(name)
  if (amazon !== null) return amazon[1]
  const local = /^(.+)\.localhost$/.exec(name)
  return local === null || byHost(name) !== undefined ? undefined : local[1]
}

function operationOf(service: ServiceName, name: string): Operation | undefined {
  return loadModel(service).operations.get(name)
}
