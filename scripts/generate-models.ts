/**
 * Writes src/protocol/models: one JSON file per service and an index, from the schemas of the SDK clients among the
 * development dependencies and the constraints of botocore. Run after either changes: `node scripts/generate-models.ts`.
 * Needs python3 with pip. The same versions give the same bytes.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serviceNames } from '../src/protocol/services.ts'
import type { ServiceName } from '../src/protocol/services.ts'
import type { Protocol, ServiceFacts } from '../src/protocol/shape-model.ts'
import { withBotocore } from './models/constraints.ts'
import type { BotoModel } from './models/constraints.ts'
import { flatten } from './models/flatten.ts'
import type { SdkModule } from './models/flatten.ts'

const folder = join(import.meta.dirname, '..', 'src', 'protocol', 'models')

const protocolNames: Readonly<Record<string, Protocol>> = {
  'aws.protocols#restJson1': 'restJson1',
  'aws.protocols#restXml': 'restXml',
  'aws.protocols#awsJson1_0': 'awsJson1_0',
  'aws.protocols#awsJson1_1': 'awsJson1_1',
  'aws.protocols#awsQuery': 'awsQuery',
}

/** Namespaces that errors name, where they differ from the schema's. */
const errorNamespaces: Partial<Record<ServiceName, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810',
  'dynamodb-streams': 'com.amazonaws.dynamodb.v20120810',
}

type ClientConfig = {
  readonly protocol: { getShapeId(): string }
  readonly protocolSettings: {
    readonly defaultNamespace: string
    readonly xmlNamespace?: string
    readonly version: string
    readonly serviceTarget: string
    readonly awsQueryCompatible?: boolean
  }
}
type Client = new (options: object) => { readonly config: ClientConfig }

await withBotocore(async (readModel) => {
  const index: Partial<Record<ServiceName, ServiceFacts>> = {}
  for (const service of serviceNames) {
    const sdk = (await import(`@aws-sdk/client-${service}`)) as SdkModule
    const boto = readModel(service)
    const file = flatten(service, sdk, boto)
    writeFileSync(join(folder, `${service}.json`), `${JSON.stringify(file)}\n`)
    index[service] = factsOf(service, sdk, boto)
    console.log(`${service}: ${Object.keys(file.operations).length} operations`)
  }
  writeFileSync(join(folder, 'index.json'), `${JSON.stringify(index, undefined, 1)}\n`)
})

function factsOf(service: ServiceName, sdk: SdkModule, boto: BotoModel): ServiceFacts {
  const name = Object.keys(sdk).find((key) => key.endsWith('Client') && key !== '__Client')
  const client = sdk[name ?? ''] as Client | undefined
  if (client === undefined) throw new Error(`Cannot find the client of ${service}`)
  const { config } = new client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  })
  const protocol = protocolNames[config.protocol.getShapeId()]
  if (protocol === undefined) throw new Error(`Unknown protocol ${config.protocol.getShapeId()}`)
  const { defaultNamespace, xmlNamespace, version, serviceTarget, awsQueryCompatible } =
    config.protocolSettings
  const hostPrefix = boto.metadata['endpointPrefix'] ?? service
  return {
    protocol,
    target: serviceTarget,
    signingName: boto.metadata['signingName'] ?? hostPrefix,
    hostPrefix,
    version,
    namespace: errorNamespaces[service] ?? defaultNamespace,
    ...(xmlNamespace === undefined ? {} : { xmlNamespace }),
    ...(awsQueryCompatible === true ? { queryCompatible: 1 } : {}),
  }
}
