/**
 * Finds the operation of a REST request: a tree of path segments per service, then the static query, the required query parameters and
 * the required headers choose among the operations of one path. Called by identify.ts.
 * source: Smithy 2.0, "http trait", "httpLabel trait"; the service models.
 */
import type { Operation, ServiceModel } from './load-model.ts'
import { malformedUri } from './faults.ts'
import { parseParameters, percentDecode } from './target.ts'
import type { Target } from './target.ts'
import type { WireRequest } from './wire.ts'

export type Match = {
  readonly operation: Operation
  readonly labels: Readonly<Record<string, string>>
}

export type RouteRequest = {
  readonly request: WireRequest
  readonly target: Target
  /** S3 only: from the path or the host; undefined = a request about no bucket */
  readonly bucket?: string
}

type Route = {
  readonly operation: Operation
  readonly method: string
  readonly staticQuery: readonly (readonly [string, string])[]
  readonly requiredQuery: readonly string[]
  readonly requiredHeaders: readonly string[]
  readonly hasBucket: boolean
  /** names of the labels in the order of the path */
  readonly labelNames: readonly string[]
}

type Node = {
  readonly literals: Map<string, Node>
  label?: Node
  /** takes the rest of the path */
  greedy?: Route[]
  readonly routes: Route[]
}

type Search = {
  readonly given: RouteRequest
  readonly segments: readonly string[]
  readonly query: () => ReadonlyMap<string, string>
}

const trees = new WeakMap<ServiceModel, Node>()

/** The operation that answers a path; undefined when there is none. The path is given without the bucket.
 *  @throws AwsError InvalidURI (400) for a broken percent escape */
export function findRoute(model: ServiceModel, given: RouteRequest): Match | undefined {
  const tree = treeOf(model)
  const segments = given.target.path.slice(1).split('/')
  const isTrailing = segments.length > 1 && segments.at(-1) === ''
  if (isTrailing && model.service !== 's3') segments.pop()
  let parsed: ReadonlyMap<string, string> | undefined
  const query = (): ReadonlyMap<string, string> => {
    parsed ??= new Map(parseParameters(given.target.query))
    return parsed
  }
  return search(tree, 0, [], { given, segments, query })
}

/** Literals win over labels, labels over the rest of the path; a branch without a fitting operation is left again. */
function search(node: Node, depth: number, values: string[], at: Search): Match | undefined {
  const segment = at.segments[depth]
  if (segment === undefined) return choose(node.routes, values, at)
  const literal = node.literals.get(segment)
  const found = literal === undefined ? undefined : search(literal, depth + 1, values, at)
  if (found !== undefined || segment === '') return found ?? chooseRest(node, depth, values, at)
  const labelled =
    node.label === undefined ? undefined : search(node.label, depth + 1, [...values, segment], at)
  return labelled ?? chooseRest(node, depth, values, at)
}

function chooseRest(node: Node, depth: number, values: string[], at: Search): Match | undefined {
  if (node.greedy === undefined) return undefined
  const rest = at.segments.slice(depth).join('/')
  return rest === '' ? undefined : choose(node.greedy, [...values, rest], at)
}

/** The most particular operation among those whose demands the request meets. */
function choose(
  routes: readonly Route[],
  values: readonly string[],
  at: Search,
): Match | undefined {
  const best = mostParticular(routes, at) ?? incomplete(routes, at)
  if (best === undefined) return undefined
  const labels: Record<string, string> = {}
  for (const [index, name] of best.labelNames.entries()) {
    labels[name] = percentDecode(values[index] ?? '')
  }
  if (at.given.bucket !== undefined) labels['Bucket'] = at.given.bucket
  return { operation: best.operation, labels }
}

function mostParticular(routes: readonly Route[], at: Search): Route | undefined {
  let best: Route | undefined
  let bestDemands = -1
  for (const route of routes) {
    if (!fits(route, at)) continue
    const demands =
      route.staticQuery.length + route.requiredQuery.length + route.requiredHeaders.length
    if (demands > bestDemands) {
      best = route
      bestDemands = demands
    }
  }
  return best
}

/** The only operation of this method and path, though a parameter that it requires is absent: validation tells the caller
 *  which. S3 has too many operations on one path for that. */
function incomplete(routes: readonly Route[], at: Search): Route | undefined {
  if (at.given.bucket !== undefined) return undefined
  const candidates = routes.filter((route) => fitsLoosely(route, at))
  return candidates.length === 1 ? candidates[0] : undefined
}

function fitsLoosely(route: Route, at: Search): boolean {
  const { request, bucket } = at.given
  if (route.method !== request.method || route.hasBucket !== (bucket !== undefined)) return false
  for (const [name, value] of route.staticQuery) {
    const given = at.query().get(name)
    if (given === undefined || (value !== '' && given !== value)) return false
  }
  return true
}

function fits(route: Route, at: Search): boolean {
  const { request } = at.given
  if (!fitsLoosely(route, at)) return false
  for (const name of route.requiredQuery) if (!at.query().has(name)) return false
  return route.requiredHeaders.every((name) => request.headers[name] !== undefined)
}

function treeOf(model: ServiceModel): Node {
  const known = trees.get(model)
  if (known !== undefined) return known
  const root = newNode()
  for (const operation of model.operations.values()) addRoute(root, operation)
  trees.set(model, root)
  return root
}

function newNode(): Node {
  return { literals: new Map(), routes: [] }
}

function addRoute(root: Node, operation: Operation): void {
  if (operation.http === undefined) return
  const [method, uri] = operation.http
  const [path = '', staticQuery = ''] = uri.split('?')
  const segments = path.slice(1).split('/')
  if (segments.length > 1 && segments.at(-1) === '') segments.pop()
  const labelNames: string[] = []
  let node = root
  let greedy: Route[] | undefined
  for (const segment of segments) {
    if (segment.endsWith('+}')) {
      labelNames.push(segment.slice(1, -2))
      greedy = node.greedy ??= []
    } else if (segment.startsWith('{')) {
      labelNames.push(segment.slice(1, -1))
      node = node.label ??= newNode()
    } else {
      const next = node.literals.get(segment) ?? newNode()
      node.literals.set(segment, next)
      node = next
    }
  }
  const demands = demandsOf(operation)
  const parameters = parseParameters(staticQuery).filter(([name]) => name !== 'x-id')
  const route = { operation, method, labelNames, staticQuery: parameters, ...demands }
  ;(greedy ?? node.routes).push(route)
}

function demandsOf(
  operation: Operation,
): Pick<Route, 'requiredQuery' | 'requiredHeaders' | 'hasBucket'> {
  const members = Object.entries(operation.inputShape.members)
  const named = (place: string): string[] =>
    members
      .filter(([, member]) => member.in === place && member.required === 1)
      .map(([, member]) => member.name ?? '')
  return {
    requiredQuery: named('query'),
    requiredHeaders: named('header').map((name) => name.toLowerCase()),
    hasBucket: members.some(([name, member]) => name === 'Bucket' && member.in === 'label'),
  }
}

/** Take the bucket off the front of a path-style S3 path. */
export function splitBucket(target: Target): { readonly target: Target; readonly bucket?: string } {
  const end = target.path.indexOf('/', 1)
  const bucket = target.path.slice(1, end === -1 ? undefined : end)
  if (bucket === '') {
    if (end !== -1) throw malformedUri()
    return { target }
  }
  const path = end === -1 ? '/' : target.path.slice(end)
  return { target: { path, query: target.query }, bucket: percentDecode(bucket) }
}
