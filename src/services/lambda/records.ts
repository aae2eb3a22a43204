/**
 * What the store keeps of functions, and under which keys. A function's own document holds $LATEST; published versions,
 * aliases, policies and reserved concurrency are documents of their own, so that each change is one small write.
 */
import type { Cors } from '@aws-sdk/client-lambda'
import type { LogFormat, Place } from '../../model.ts'
import type { Capacity } from './concurrency/capacity.ts'

/** The zip of a version or layer. */
export type CodeRecord = {
  /** blob id, and name of the unpacked folder */
  readonly id: string
  readonly codeSha256: string
  readonly zippedBytes: number
  readonly unzippedBytes: number
  /** shown, and not used: the zip lies here as it came */
  readonly sourceKmsKeyArn?: string
  /** absolute path of the folder that is the code; then there is no zip, and `id` is empty */
  readonly folder?: string
}

/** A layer as a function uses it: it goes on working when the layer version is deleted. */
export type UsedLayer = CodeRecord & { readonly arn: string }

export type Logging = {
  readonly logFormat: LogFormat
  readonly logGroup: string
  readonly applicationLogLevel?: string
  readonly systemLogLevel?: string
}

export type VpcSettings = {
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly isIpv6Allowed: boolean
}

/** The configuration that a caller can change. */
export type Settings = {
  readonly description: string
  readonly role: string
  readonly runtime: string
  readonly handler: string
  readonly timeoutSeconds: number
  readonly memoryMib: number
  readonly ephemeralStorageMib: number
  readonly architecture: 'x86_64' | 'arm64'
  /** absent when it was never given; AWS tells that from an empty one */
  readonly environment?: Readonly<Record<string, string>>
  readonly layers: readonly UsedLayer[]
  readonly tracingMode: 'Active' | 'PassThrough'
  readonly logging: Logging
  readonly snapStart: 'None' | 'PublishedVersions'
  /** each tenant has environments of its own; for good */
  readonly tenancy?: 'PER_TENANT'
  readonly vpc?: VpcSettings
  readonly deadLetterTargetArn?: string
  readonly fileSystems: readonly { readonly arn: string; readonly localMountPath: string }[]
  readonly kmsKeyArn?: string
  readonly capacity?: Capacity
}

/** A published version that cannot run: its snapshot is being made, or could not be made. */
export type StateRecord = {
  readonly state: 'Pending' | 'Failed'
  readonly reason: string
  readonly reasonCode: 'Creating' | 'FunctionError' | 'InvalidRuntime'
}

/** $LATEST or a published version. */
export type VersionRecord = {
  /** `$LATEST` or a decimal number */
  readonly version: string
  /** what clients see: changes with everything, tags and permissions included */
  readonly revisionId: string
  /** changes only with code and settings: what runs is the same as long as this is */
  readonly deploymentId: string
  readonly modifiedAtMs: number
  readonly settings: Settings
  readonly code: CodeRecord
  /** absent: Active */
  readonly state?: StateRecord
}

export type FunctionRecord = {
  readonly functionName: string
  readonly latest: VersionRecord
  /** the highest version number ever given; 0 before the first */
  readonly lastVersion: number
  /** the last published version and what it was published from */
  readonly published?: { readonly version: string; readonly deploymentId: string }
  readonly tags: Readonly<Record<string, string>>
}

export type AliasRecord = {
  readonly name: string
  readonly functionVersion: string
  readonly description: string
  /** the second version and its share, 0 to 1 */
  readonly routing?: { readonly version: string; readonly weight: number }
  readonly revisionId: string
}

/** AddPermission makes the plain form; PutResourcePolicy takes whatever a policy may say. */
export type Statement = {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal: unknown
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >
}

export type PolicyRecord = {
  readonly statements: readonly Statement[]
  /** of a document that was put whole, where they are not the usual ones */
  readonly version?: string
  readonly id?: string
}

export type ConcurrencyRecord = { readonly reserved: number }

export type ProvisionedRecord = {
  /** a version or an alias */
  readonly qualifier: string
  readonly requested: number
  readonly modifiedAtMs: number
}

/** What Put- or UpdateFunctionEventInvokeConfig said of one qualifier; absent members were never said. */
export type EventInvokeRecord = {
  /** `$LATEST`, a version or an alias */
  readonly qualifier: string
  readonly modifiedAtMs: number
  readonly maxRetryAttempts?: number
  readonly maxEventAgeSeconds?: number
  readonly onSuccess?: string
  readonly onFailure?: string
}

export type RecursionRecord = { readonly recursiveLoop: 'Allow' | 'Terminate' }

/** A function URL, of the unqualified function or of an alias. */
export type UrlRecord = {
  /** 32 lower-case letters and digits, in the URL's host name */
  readonly id: string
  readonly qualifier?: string
  readonly authType: 'NONE' | 'AWS_IAM'
  /** absent until somebody chooses one: BUFFERED */
  readonly invokeMode?: 'BUFFERED' | 'RESPONSE_STREAM'
  readonly cors?: Cors
  readonly createdAtMs: number
  readonly modifiedAtMs: number
}

/** Whose URL an id is. */
export type UrlIdRecord = Place & {
  readonly functionName: string
  /** of the UrlRecord */
  readonly key: string
}

export type LayerRecord = { readonly layerName: string; readonly lastVersion: number }

export type LayerVersionRecord = {
  readonly layerName: string
  readonly version: number
  readonly description: string
  readonly licenseInfo?: string
  readonly compatibleRuntimes?: readonly string[]
  readonly compatibleArchitectures?: readonly string[]
  readonly createdAtMs: number
  readonly code: CodeRecord
}

export type LayerPolicyRecord = PolicyRecord & { readonly revisionId: string }

export type CodeSigningConfigRecord = {
  /** `csc-` and 17 letters or digits */
  readonly id: string
  readonly description: string
  readonly signingProfileVersionArns: readonly string[]
  readonly untrustedArtifact: 'Warn' | 'Enforce'
  readonly modifiedAtMs: number
  readonly tags: Readonly<Record<string, string>>
}

/** Which code signing config a function has. */
export type FunctionCodeSigningRecord = {
  readonly functionName: string
  readonly configArn: string
}

/** When a version's runtime is updated; no document means Auto. */
export type RuntimeManagementRecord = {
  readonly updateRuntimeOn: 'Auto' | 'Manual' | 'FunctionUpdate'
  readonly runtimeVersionArn?: string
}

type Collection =
  | 'functions'
  | 'versions'
  | 'aliases'
  | 'policies'
  | 'concurrency'
  | 'provisioned'
  | 'event-invoke'
  | 'recursion'
  | 'layers'
  | 'layer-versions'
  | 'layer-policies'
  | 'code-signing-configs'
  | 'function-code-signing'
  | 'runtime-management'
  | 'urls'

/** All documents of the control plane lie below this. */
export const rootKey = 'lambda/'

/** Prefix of a collection, or of the part of it that belongs to one function or layer. */
export function prefixOf(place: Place, collection: Collection, owner?: string): string {
  const prefix = `${rootKey}${place.accountId}/${place.region}/${collection}/`
  return owner === undefined ? prefix : `${prefix}${owner}/`
}

/** Key of a function's document, $LATEST included. */
export function functionKey(place: Place, functionName: string): string {
  return prefixOf(place, 'functions') + functionName
}

/** Key of a published version. */
export function versionKey(place: Place, functionName: string, version: string): string {
  return prefixOf(place, 'versions', functionName) + padded(version)
}

/** Key of an alias. */
export function aliasKey(place: Place, functionName: string, name: string): string {
  return prefixOf(place, 'aliases', functionName) + name
}

/** Key of the policy of a function, a version or an alias. */
export function policyKey(place: Place, functionName: string, qualifier: string): string {
  return prefixOf(place, 'policies', functionName) + qualifier
}

/** Key of a function's reserved concurrency. */
export function concurrencyKey(place: Place, functionName: string): string {
  return prefixOf(place, 'concurrency') + functionName
}

/** Key of what is said about asynchronous invocations of a qualifier. */
export function eventInvokeKey(place: Place, functionName: string, qualifier: string): string {
  return prefixOf(place, 'event-invoke', functionName) + qualifier
}

/** Key of a function's setting for recursive loops. */
export function recursionKey(place: Place, functionName: string): string {
  return prefixOf(place, 'recursion') + functionName
}

/** Key of the URL of a function, or of one of its aliases. */
export function urlKey(place: Place, functionName: string, qualifier = '$LATEST'): string {
  return prefixOf(place, 'urls', functionName) + qualifier
}

/** Key by which an id finds its URL; ids are looked up without a place. */
export function urlIdKey(id: string): string {
  return `lambda-urls/${id}`
}

/** Key of the provisioned concurrency of a version or an alias. */
export function provisionedKey(place: Place, functionName: string, qualifier: string): string {
  return prefixOf(place, 'provisioned', functionName) + qualifier
}

/** Key of a layer. */
export function layerKey(place: Place, layerName: string): string {
  return prefixOf(place, 'layers') + layerName
}

/** Key of a layer version: the newest comes first. */
export function layerVersionKey(place: Place, layerName: string, version: number): string {
  return prefixOf(place, 'layer-versions', layerName) + padded(String(maxVersion - version))
}

/** Key of a layer version's policy. */
export function layerPolicyKey(place: Place, layerName: string, version: number): string {
  return prefixOf(place, 'layer-policies', layerName) + padded(String(version))
}

/** Key of a code signing config. */
export function codeSigningConfigKey(place: Place, id: string): string {
  return prefixOf(place, 'code-signing-configs') + id
}

/** Key of the choice of a function's code signing config. */
export function functionCodeSigningKey(place: Place, functionName: string): string {
  return prefixOf(place, 'function-code-signing') + functionName
}

/** Key of the runtime management of a version. @param version  `$LATEST` or a number */
export function runtimeManagementKey(place: Place, functionName: string, version: string): string {
  return prefixOf(place, 'runtime-management', functionName) + version
}

/** Whose document a key names: place, collection and function or layer. @returns undefined for a key of another form */
export function ownerOfKey(
  key: string,
): { place: Place; collection: string; owner: string; rest: string } | undefined {
  const [, accountId, region, collection, owner, rest = ''] = key.split('/')
  if (accountId === undefined || region === undefined || collection === undefined) return undefined
  return owner === undefined ? undefined : { place: { accountId, region }, collection, owner, rest }
}

const versionDigits = 10
const maxVersion = 10 ** versionDigits - 1

/** Numbers of one width sort as text does. */
function padded(version: string): string {
  return version.padStart(versionDigits, '0')
}
