/**
 * The form of the query protocol: `Tags.member.1.Key=a` becomes a tree of names.
 * source: Smithy 2.0, "AWS query protocol".
 */
import { malformedInput } from '../faults.ts'
import type { Parameters } from '../target.ts'

export type FormNode = {
  value?: string
  readonly children: Map<string, FormNode>
}

const maxDepth = 64

/** Build the tree.
 *  @throws AwsError MalformedInput (400) for names nested too deeply */
export function toFormTree(parameters: Parameters): FormNode {
  const root: FormNode = { children: new Map() }
  for (const [name, value] of parameters) {
    const segments = name.split('.', maxDepth + 1)
    if (segments.length > maxDepth) throw malformedInput('A parameter name is nested too deeply')
    let node = root
    for (const segment of segments) {
      const next = node.children.get(segment) ?? { children: new Map() }
      node.children.set(segment, next)
      node = next
    }
    node.value ??= value
  }
  return root
}

/** The numbered children in the order of their numbers. */
export function numberedChildren(node: FormNode): readonly FormNode[] {
  const found: (readonly [number, FormNode])[] = []
  for (const [name, child] of node.children) {
    if (/^\d{1,9}$/.test(name)) found.push([Number(name), child])
  }
  return found.sort(([first], [second]) => first - second).map(([, child]) => child)
}
