/**
 * Reads botocore's service models, which hold what the SDK's schemas leave out: lengths, ranges, patterns, enumerations, the kinds
 * of numbers, the errors of each operation and the order of members. The package is fetched by pip into a temporary directory.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ServiceName } from '../../src/protocol/services.ts'

/** The version that the committed models were made from. */
export const botocoreVersion = '1.44.5'

export type BotoShape = {
  readonly type: string
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly sensitive?: boolean
  readonly flattened?: boolean
  readonly members?: Readonly<Record<string, { readonly shape: string }>>
  readonly member?: { readonly shape: string }
  readonly key?: { readonly shape: string }
  readonly value?: { readonly shape: string }
}

export type BotoModel = {
  readonly metadata: Readonly<Record<string, string>>
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly input?: { readonly shape: string }
        readonly output?: { readonly shape: string }
        readonly errors?: readonly { readonly shape: string }[]
        readonly authtype?: string
      }
    >
  >
  readonly shapes: Readonly<Record<string, BotoShape>>
}

const folders: Partial<Record<ServiceName, string>> = {
  'cloudwatch-logs': 'logs',
  eventbridge: 'events',
  'api-gateway': 'apigateway',
  sfn: 'stepfunctions',
  'secrets-manager': 'secretsmanager',
  'dynamodb-streams': 'dynamodbstreams',
}

/** Fetch botocore and hand `use` a reader of its models; all is deleted afterwards. */
export async function withBotocore(
  use: (read: (service: ServiceName) => BotoModel) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lair-models-'))
  try {
    const options = ['--no-deps', '--disable-pip-version-check', '--quiet', '--target', folder]
    execFileSync('python3', ['-m', 'pip', 'install', ...options, `botocore==${botocoreVersion}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await use((service) => readModel(join(folder, 'botocore', 'data', folders[service] ?? service)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readModel(folder: string): BotoModel {
  const newest = readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d$/.test(name))
    .toSorted()
    .at(-1)
  if (newest === undefined) throw new Error(`Cannot find a model in ${folder}`)
  const bytes = readFileSync(join(folder, newest, 'service-2.json.gz'))
  return JSON.parse(gunzipSync(bytes).toString('utf8')) as BotoModel
}

/** Patterns that JavaScript reads differently from Java, or that backtrack without end. */
const rewritten: Readonly<Record<string, string>> = {
  '^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$': '[a-z0-9*](?:[._\\-/]?[a-z0-9*])*',
  '^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$':
    '\\t*[^\\x00-\\x1F:\\x7F][^\\x00-\\x08\\x0A-\\x1F:\\x7F]*',
  '^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$': '\\t*[\\x20-\\x7E][\\t\\x20-\\x7E]*',
  '\\p{Print}+': '[\\x20-\\x7e]+',
  '(?i)all|[0-9]{12}': '[Aa][Ll][Ll]|[0-9]{12}',
}

/** Enumerations that the service itself answers for: here every runtime that can be run is allowed. */
const openEnums: Partial<Record<ServiceName, readonly string[]>> = { lambda: ['Runtime'] }

export type Constraints = {
  min?: number
  max?: number
  pattern?: string
  regex?: string
  enum?: readonly string[]
  sensitive?: 1
}

/** The constraints of one shape; `{}` where it is not in the model. */
export function constraintsOf(service: ServiceName, boto: BotoModel, name?: string): Constraints {
  const shape = name === undefined ? undefined : boto.shapes[name]
  if (name === undefined || shape === undefined) return {}
  const found: Constraints = {}
  if (shape.min !== undefined) found.min = shape.min
  if (shape.max !== undefined) found.max = shape.max
  if (shape.pattern !== undefined) found.pattern = shape.pattern
  const regex = shape.pattern === undefined ? undefined : rewritten[shape.pattern]
  if (regex !== undefined) found.regex = regex
  if (shape.enum !== undefined && openEnums[service]?.includes(name) !== true) {
    found.enum = shape.enum
  }
  if (shape.sensitive === true) found.sensitive = 1
  return found
}
