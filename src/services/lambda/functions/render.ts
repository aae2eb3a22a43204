/** Records as clients see them: the FunctionConfiguration and the AliasConfiguration of the model. */
import type {
  AliasConfiguration,
  FunctionConfiguration,
  LastUpdateStatusReasonCode,
  Runtime,
} from '@aws-sdk/client-lambda'
import { functionArn } from '../../../lib/arn.ts'
import type { Place } from '../../../model.ts'
import type { Catalogue } from '../../../runtimes/runtime.ts'
import { renderCapacity } from '../concurrency/capacity.ts'
import type { AliasRecord, Logging, Settings, StateRecord, VersionRecord } from '../records.ts'

/** Which moment of a version's life an answer shows. Only the making of a snapshot lasts, and is kept in the record: code is checked and unpacked before the answer, so
 *  what a client is told is pending has settled when it asks again. */
export type Phase = 'creating' | 'updating' | 'settled' | 'listed'

export type RenderOptions = {
  readonly place: Place
  readonly functionName: string
  /** qualifier of the ARN to show; absent = unqualified */
  readonly qualifier?: string | undefined
  readonly phase: Phase
  readonly catalogue: Catalogue
}

/** A version as GetFunctionConfiguration answers it.
 *  @source Lambda model FunctionConfiguration; recorded answers: lists leave the states and the runtime version out */
export function renderConfiguration(
  record: VersionRecord,
  options: RenderOptions,
): FunctionConfiguration {
  const { place, functionName, phase } = options
  const { settings, code } = record
  return {
    FunctionName: functionName,
    FunctionArn: functionArn(place, functionName, options.qualifier),
    Runtime: settings.runtime as Runtime,
    Role: settings.role,
    Handler: settings.handler,
    CodeSize: code.zippedBytes,
    Description: settings.description,
    Timeout: settings.timeoutSeconds,
    MemorySize: settings.memoryMib,
    LastModified: renderDate(record.modifiedAtMs),
    CodeSha256: code.codeSha256,
    Version: record.version,
    ...renderOptional(settings),
    TracingConfig: { Mode: settings.tracingMode },
    RevisionId: record.revisionId,
    ...(record.state === undefined || phase === 'listed'
      ? renderStates(phase)
      : renderLasting(record.state)),
    PackageType: 'Zip',
    Architectures: [settings.architecture],
    EphemeralStorage: { Size: settings.ephemeralStorageMib },
    ...(settings.capacity === undefined && {
      SnapStart: { ApplyOn: settings.snapStart, OptimizationStatus: optimization(record) },
    }),
    ...(phase !== 'listed' && renderRuntimeVersion(settings.runtime, options)),
    LoggingConfig: renderLogging(settings.logging),
    ...(settings.tenancy !== undefined && {
      TenancyConfig: { TenantIsolationMode: settings.tenancy },
    }),
  }
}

/** An alias as GetAlias answers it. */
export function renderAlias(
  alias: AliasRecord,
  place: Place,
  functionName: string,
): AliasConfiguration {
  const { name, functionVersion, description, routing, revisionId } = alias
  return {
    AliasArn: functionArn(place, functionName, name),
    Name: name,
    FunctionVersion: functionVersion,
    Description: description,
    ...(routing !== undefined && {
      RoutingConfig: { AdditionalVersionWeights: { [routing.version]: routing.weight } },
    }),
    RevisionId: revisionId,
  }
}

/** A time as Lambda writes it: `2026-11-20T12:00:00.000+0000`. */
export function renderDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+0000')
}

/** What is only there when it was given. */
function renderOptional(settings: Settings): Partial<FunctionConfiguration> {
  const { vpc, deadLetterTargetArn, environment, kmsKeyArn, layers, fileSystems } = settings
  return {
    ...(vpc !== undefined && {
      VpcConfig: {
        SubnetIds: [...vpc.subnetIds],
        SecurityGroupIds: [...vpc.securityGroupIds],
        VpcId: '',
        Ipv6AllowedForDualStack: vpc.isIpv6Allowed,
      },
    }),
    ...(deadLetterTargetArn !== undefined && {
      DeadLetterConfig: { TargetArn: deadLetterTargetArn },
    }),
    ...(environment !== undefined && { Environment: { Variables: { ...environment } } }),
    ...(kmsKeyArn !== undefined && { KMSKeyArn: kmsKeyArn }),
    ...renderCapacity(settings),
    ...(layers.length > 0 && {
      Layers: layers.map((layer) => ({ Arn: layer.arn, CodeSize: layer.zippedBytes })),
    }),
    ...(fileSystems.length > 0 && {
      FileSystemConfigs: fileSystems.map((mount) => ({
        Arn: mount.arn,
        LocalMountPath: mount.localMountPath,
      })),
    }),
  }
}

function renderStates(phase: Phase): Partial<FunctionConfiguration> {
  const reason = 'The function is being created.'
  switch (phase) {
    case 'creating':
      return { State: 'Pending', StateReason: reason, StateReasonCode: 'Creating' }
    case 'updating':
      return {
        State: 'Active',
        LastUpdateStatus: 'InProgress',
        LastUpdateStatusReason: reason,
        // What AWS answers is not in the model's own list.
        LastUpdateStatusReasonCode: 'Creating' as LastUpdateStatusReasonCode,
      }
    case 'settled':
      return { State: 'Active', LastUpdateStatus: 'Successful' }
    case 'listed':
      return {}
  }
}

/** What lasts: of a version whose snapshot is being made or could not be made.
 *  source: AWS Lambda dev guide "Activating and managing Lambda SnapStart"; waiters of infrastructure tools, which rely on it */
function renderLasting(state: StateRecord): Partial<FunctionConfiguration> {
  const { reason, reasonCode } = state
  const pending = { State: state.state, StateReason: reason, StateReasonCode: reasonCode }
  if (state.state === 'Pending') return pending
  return {
    ...pending,
    LastUpdateStatus: 'Failed',
    LastUpdateStatusReason: reason,
    LastUpdateStatusReasonCode: reasonCode as LastUpdateStatusReasonCode,
  }
}

function optimization(record: VersionRecord): 'On' | 'Off' {
  const isReady = record.version !== '$LATEST' && record.state === undefined
  return isReady && record.settings.snapStart === 'PublishedVersions' ? 'On' : 'Off'
}

/** Absent as long as nothing here can serve the runtime. */
function renderRuntimeVersion(
  runtime: string,
  { catalogue, place }: RenderOptions,
): Partial<FunctionConfiguration> {
  const found = catalogue.find(runtime)
  if (!('runtimeVersionArn' in found)) return {}
  return { RuntimeVersionConfig: { RuntimeVersionArn: found.runtimeVersionArn(place.region) } }
}

function renderLogging(logging: Logging): NonNullable<FunctionConfiguration['LoggingConfig']> {
  type Rendered = NonNullable<FunctionConfiguration['LoggingConfig']>
  return {
    LogFormat: logging.logFormat,
    ...(logging.applicationLogLevel !== undefined && {
      ApplicationLogLevel: logging.applicationLogLevel as Rendered['ApplicationLogLevel'],
    }),
    ...(logging.systemLogLevel !== undefined && {
      SystemLogLevel: logging.systemLogLevel as Rendered['SystemLogLevel'],
    }),
    LogGroup: logging.logGroup,
  }
}
