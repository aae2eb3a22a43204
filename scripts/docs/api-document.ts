/** Makes docs/api.md: every operation of Lambda's model, whether Lair has it, and which test says so. */
import { notConfigured } from '../../src/services/lambda/not-configured.ts'
import { readTests, type Proof } from './find-tests.ts'
import { askForSupport } from './lambda-support.ts'

/** One line of the table. */
export type Row = {
  readonly operation: string
  readonly support: 'yes' | 'reads' | 'no'
  readonly proof: Proof | undefined
}

/** What is left out on purpose, and why. */
const reasons: readonly [RegExp, string][] = [
  [/Durable/, 'durable executions are not part of this version'],
  [/CapacityProvider/, 'there are no managed instances to buy here'],
  [/EventSourceMapping/, 'event sources are not part of this version yet'],
]

/** Ask a server, read the tests. @returns one row for each operation, by name */
export async function readRows(): Promise<Row[]> {
  const { all, supported } = await askForSupport()
  const proofOf = readTests()
  const readsOnly = new Set<string>(notConfigured)
  return all.map((operation) => {
    const support = !supported.has(operation) ? 'no' : readsOnly.has(operation) ? 'reads' : 'yes'
    return { operation, support, proof: support === 'no' ? undefined : proofOf(operation) }
  })
}

/** The document. */
export function renderDocument(rows: readonly Row[]): string {
  const count = (support: Row['support']) => rows.filter((row) => row.support === support).length
  return `# The Lambda API in Lair

Made by \`npm run docs\` from Lambda's service model, a running server and the tests; do not edit. A test says when it is stale.

Of the ${rows.length} operations ${count('yes')} are there, ${count('reads')} read as never set, and ${count('no')} answer 501.

| operation | there | proven by |
|---|---|---|
${rows.map(renderRow).join('\n')}
`
}

function renderRow({ operation, support, proof }: Row): string {
  if (support === 'no') {
    const reason = reasons.find(([pattern]) => pattern.test(operation))?.[1] ?? 'not yet'
    return `| ${operation} | no | ${reason} |`
  }
  const there = support === 'yes' ? 'yes' : 'as never set'
  const by = proof === undefined ? '' : `\`${proof.path}\` › ${proof.title.replaceAll('|', '\\|')}`
  return `| ${operation} | ${there} | ${by} |`
}
