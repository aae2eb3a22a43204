/** The generated models: as the installed SDK clients have them, and with patterns that are safe to run on foreign text. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Script, createContext } from 'node:vm'
import { flatten } from '../../scripts/models/flatten.ts'
import { wholeExpression } from '../../src/protocol/constraints.ts'
import { loadModel } from '../../src/protocol/load-model.ts'
import { serviceNames } from '../../src/protocol/services.ts'
import type { ModelFile, ShapeModel } from '../../src/protocol/shape-model.ts'
import { importSdk } from './sdk.ts'

const noConstraints = { metadata: {}, operations: {}, shapes: {} }

/** What of a model comes from the SDK alone: each operation's and error's structures with their members. */
function outline(file: Pick<ModelFile, 'shapes'>): Record<string, string[]> {
  const structures = file.shapes.filter((shape) => shape.type === 'structure')
  return Object.fromEntries(
    structures
      .map(({ name, members }): [string, string[]] => [name, Object.keys(members).toSorted()])
      .toSorted(([first], [second]) => (first < second ? -1 : 1)),
  )
}

describe('the committed models are those of the installed clients', () => {
  for (const service of serviceNames) {
    test(service, async () => {
      const fresh = flatten(service, await importSdk(service), noConstraints)
      const model = loadModel(service)
      assert.deepEqual(Object.keys(fresh.operations), [...model.operations.keys()])
      assert.deepEqual(outline(model), outline(fresh))
    })
  }
})

const budgetMs = 300

/** Texts on which careless expressions backtrack: long runs with a wrong end. */
function attacks(shape: { readonly max?: number }): string[] {
  const length = Math.min(shape.max ?? 2000, 2000)
  const units = ['a', '0', 'a-', 'a.', 'a/', 'arn:aws:', ' ', '/', '-', 'aA0_', '*', '{}', ',a']
  return units.map((unit) => `${unit.repeat(length).slice(0, length - 1)}\u0000`)
}

function patterns(): ReadonlyMap<string, ShapeModel & { type: 'string' }> {
  const found = new Map<string, ShapeModel & { type: 'string' }>()
  for (const service of serviceNames) {
    for (const shape of loadModel(service).shapes) {
      if (shape.type === 'string' && shape.pattern !== undefined) {
        found.set(shape.regex ?? shape.pattern, shape)
      }
    }
  }
  return found
}

/** Runs one match under a deadline, which ends it even while it backtracks. */
const matching = new Script('expression.test(attack)')
const context = createContext({})

test('every pattern compiles and answers soon', () => {
  const slow: string[] = []
  for (const [pattern, shape] of patterns()) {
    const expression = wholeExpression(pattern)
    for (const attack of attacks(shape)) {
      try {
        Object.assign(context, { expression, attack })
        matching.runInContext(context, { timeout: budgetMs })
      } catch {
        slow.push(`${pattern} on ${attack.slice(0, 10)}`)
        break
      }
    }
  }
  assert.deepEqual(slow, [])
})
