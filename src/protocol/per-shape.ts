/** Compiles something once for each shape and remembers it: a decoder, an encoder, a check. */
import { inputBodyMembers, shapeAt } from './load-model.ts'
import type { ServiceModel } from './load-model.ts'
import type { MemberModel, ShapeModel, StructureShape } from './shape-model.ts'

/** What is compiled for a shape, found by the shape itself or its place. */
export type PerShape<T> = (model: ServiceModel, at: number | ShapeModel) => T

/** A function that compiles each shape, given itself or its place, on first use. Structures must look up their members when called,
 *  not when compiled, because shapes are recursive. */
export function perShape<T>(compile: (shape: ShapeModel, model: ServiceModel) => T): PerShape<T> {
  const compiled = new WeakMap<ShapeModel, { readonly made: T }>()
  return (model, at) => {
    const shape = typeof at === 'number' ? shapeAt(model, at) : at
    const known = compiled.get(shape)
    if (known !== undefined) return known.made
    const made = compile(shape, model)
    compiled.set(shape, { made })
    return made
  }
}

/** A value computed when first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Reads a structure out of a node of some tree, member by member; absent members are left out.
 *  @param readerOf  compiles the reader of one member, when the first structure is read */
export function structureReader<Node>(
  shape: StructureShape,
  readerOf: (name: string, member: MemberModel) => (node: Node) => unknown,
): (node: Node) => unknown {
  const members = once(() =>
    inputBodyMembers(shape).map(([name, member]) => ({ name, read: readerOf(name, member) })),
  )
  return (node) => {
    const result: Record<string, unknown> = {}
    for (const { name, read } of members()) {
      const value = read(node)
      if (value !== undefined) result[name] = value
    }
    return result
  }
}

/** Set an own property, whatever its name (`__proto__` too). */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else {
    target[key] = value
  }
}
