/** Finds the test that proves an operation: one whose title names it, or the first that calls it, the control plane's before others. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { byCode } from './lambda-support.ts'

/** Where an operation is called. */
export type Proof = { readonly path: string; readonly title: string }

const root = join(import.meta.dirname, '../..')
const first = 'test/services/lambda/'

type Source = { readonly path: string; readonly text: string; readonly tests: readonly Title[] }
type Title = { readonly at: number; readonly title: string }

/** Read all tests once.
 *  @returns a function from an operation's name to the test that calls it; undefined when none does */
export function readTests(): (operation: string) => Proof | undefined {
  const paths = globSync('test/*/**/*.test.ts', { cwd: root }).toSorted(
    (left, right) => rank(left) - rank(right) || byCode(left, right),
  )
  const sources = paths.map((path) => toSource(path, readFileSync(join(root, path), 'utf8')))
  return (operation) => {
    const call = callOf(operation)
    const named = new RegExp(`\\b${operation}\\b`)
    const proofs = sources.flatMap((source) => callers(source, call))
    return proofs.find(({ title }) => named.test(title)) ?? proofs[0]
  }
}

/** The tests of a file that make a call, in order. */
function callers({ path, text, tests }: Source, call: RegExp): Proof[] {
  return [...text.matchAll(call)].flatMap(({ index }) => {
    const test = tests.findLast(({ at }) => at < index) ?? tests[0]
    return test === undefined ? [] : [{ path, title: test.title }]
  })
}

function rank(path: string): number {
  return path.startsWith(first) ? 0 : 1
}

function toSource(path: string, text: string): Source {
  const titles = text.matchAll(/^\s*(?:await )?(?:\w+\.)?test\(\s*(['"`])(.+?)\1/gm)
  return {
    path,
    text,
    tests: [...titles].map((match) => ({ at: match.index, title: match[2] ?? '' })),
  }
}

/** As the JavaScript SDK, the handlers, the AWS CLI or boto3 call it. */
function callOf(operation: string): RegExp {
  const words = operation.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  const [kebab, snake] = [words.replaceAll(' ', '-'), words.replaceAll(' ', '_')]
  return new RegExp(
    `new ${operation}Command\\(|call\\(\\s*'${operation}'|['"\`\\s]lambda['"\\s,]+${kebab}\\b|\\.${snake}\\(`,
    'g',
  )
}
