/** A function's settings: defaults, what a request changes, and the rules that the service model does not state. */
import type {
  CreateFunctionRequest,
  UpdateFunctionConfigurationRequest,
} from '@aws-sdk/client-lambda'
import { lambdaLimits } from '../../../config.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Catalogue } from '../../../runtimes/runtime.ts'
import { checkDeadLetterTarget } from '../events/destination-arn.ts'
import { changeCapacity, defaultCapacityMemoryMib } from '../concurrency/capacity.ts'
import { checkEnvironment } from './environment-rules.ts'
import { constraintFailed } from '../names.ts'
import type { Logging, Settings, UsedLayer } from '../records.ts'

/** The members that CreateFunction and UpdateFunctionConfiguration have in common. */
export type SettingsInput = Omit<
  UpdateFunctionConfigurationRequest & CreateFunctionRequest,
  'FunctionName' | 'Role' | 'Code' | 'Layers'
> & { readonly Role?: string | undefined }

const maxTimeoutSeconds = 900
const maxMemoryMib = 10_240
const maxEphemeralStorageMib = 10_240

/** Settings of a function of which only name, runtime, handler and role are known.
 *  source  AWS Lambda API reference, CreateFunction */
export function defaultSettings(
  functionName: string,
  required: Pick<Settings, 'runtime' | 'handler' | 'role'>,
): Settings {
  return {
    ...required,
    description: '',
    timeoutSeconds: 3,
    memoryMib: 128,
    ephemeralStorageMib: 512,
    architecture: 'x86_64',
    layers: [],
    tracingMode: 'PassThrough',
    logging: { logFormat: 'Text', logGroup: `/aws/lambda/${functionName}` },
    snapStart: 'None',
    fileSystems: [],
  }
}

/** `base` with what the request names; an empty value takes an optional setting away, an absent member leaves it.
 *  @param layers  the layers the request names, looked up; absent when it names none
 *  @throws AwsError ValidationException, InvalidParameterValueException (400) */
export function changeSettings(
  base: Settings,
  input: SettingsInput,
  layers: readonly UsedLayer[] | undefined,
): Settings {
  checkNumbers(input)
  const optional = changeOptional(base, input)
  const hasCapacity = optional.capacity !== undefined
  const logging = hasCapacity ? jsonOnly(base.logging, input.LoggingConfig) : base.logging
  return {
    ...changePlain(hasCapacity && base.capacity === undefined ? ofCapacity(base) : base, input),
    ...optional,
    architecture: input.Architectures?.[0] ?? base.architecture,
    layers: layers ?? base.layers,
    logging: changeLogging(logging, input.LoggingConfig),
    snapStart: input.SnapStart?.ApplyOn ?? base.snapStart,
    ...(base.tenancy !== undefined && { tenancy: base.tenancy }),
    fileSystems:
      input.FileSystemConfigs?.map((mount) => ({
        arn: mount.Arn ?? '',
        localMountPath: mount.LocalMountPath ?? '',
      })) ?? base.fileSystems,
  }
}

/** Functions of a capacity provider begin with more memory. source: AWS Lambda dev guide "Lambda Managed Instances" */
function ofCapacity(base: Settings): Settings {
  return { ...base, memoryMib: defaultCapacityMemoryMib }
}

type Plain =
  | 'description'
  | 'role'
  | 'runtime'
  | 'handler'
  | 'timeoutSeconds'
  | 'memoryMib'
  | 'ephemeralStorageMib'
  | 'tracingMode'

function changePlain(base: Settings, input: SettingsInput): Pick<Settings, Plain> {
  return {
    description: input.Description ?? base.description,
    role: input.Role ?? base.role,
    runtime: input.Runtime ?? base.runtime,
    handler: input.Handler ?? base.handler,
    timeoutSeconds: input.Timeout ?? base.timeoutSeconds,
    memoryMib: input.MemorySize ?? base.memoryMib,
    ephemeralStorageMib: input.EphemeralStorage?.Size ?? base.ephemeralStorageMib,
    tracingMode: input.TracingConfig?.Mode ?? base.tracingMode,
  }
}

type Optional = 'environment' | 'vpc' | 'deadLetterTargetArn' | 'kmsKeyArn' | 'capacity'

function changeOptional(base: Settings, input: SettingsInput): Pick<Settings, Optional> {
  const environment = input.Environment === undefined ? base.environment : checkEnvironment(input)
  const vpc = changeVpc(base, input)
  checkDeadLetterTarget(input.DeadLetterConfig?.TargetArn)
  const target =
    input.DeadLetterConfig === undefined
      ? base.deadLetterTargetArn
      : input.DeadLetterConfig.TargetArn
  const kmsKeyArn = input.KMSKeyArn ?? base.kmsKeyArn
  const capacity = changeCapacity(base.capacity, input.CapacityProviderConfig)
  return {
    ...(environment !== undefined && { environment }),
    ...(vpc !== undefined && { vpc }),
    ...(target !== undefined && target !== '' && { deadLetterTargetArn: target }),
    ...(kmsKeyArn !== undefined && kmsKeyArn !== '' && { kmsKeyArn }),
    ...(capacity !== undefined && { capacity }),
  }
}

function changeVpc(base: Settings, input: SettingsInput): Settings['vpc'] {
  if (input.VpcConfig === undefined) return base.vpc
  const { SubnetIds, SecurityGroupIds, Ipv6AllowedForDualStack } = input.VpcConfig
  return {
    subnetIds: SubnetIds ?? base.vpc?.subnetIds ?? [],
    securityGroupIds: SecurityGroupIds ?? base.vpc?.securityGroupIds ?? [],
    isIpv6Allowed: Ipv6AllowedForDualStack ?? base.vpc?.isIpv6Allowed ?? false,
  }
}

/** Functions of a capacity provider log JSON only.
 *  @throws AwsError InvalidParameterValueException (400) when text is asked for  @source recorded answers */
function jsonOnly(base: Logging, input: SettingsInput['LoggingConfig']): Logging {
  if (input?.LogFormat === 'Text') throw levelsOfText()
  return { applicationLogLevel: 'INFO', systemLogLevel: 'INFO', ...base, logFormat: 'JSON' }
}

/** JSON brings levels with it, text takes them away.
 *  source  AWS Lambda dev guide "Configuring advanced logging controls"; recorded answers */
function changeLogging(base: Logging, input: SettingsInput['LoggingConfig']): Logging {
  if (input === undefined) return base
  const logFormat = input.LogFormat ?? base.logFormat
  const logGroup =
    input.LogGroup === undefined || input.LogGroup === '' ? base.logGroup : input.LogGroup
  if (logFormat === 'Text') {
    if (input.ApplicationLogLevel !== undefined || input.SystemLogLevel !== undefined) {
      throw levelsOfText()
    }
    return { logFormat, logGroup }
  }
  return {
    logFormat,
    applicationLogLevel: input.ApplicationLogLevel ?? base.applicationLogLevel ?? 'INFO',
    systemLogLevel: input.SystemLogLevel ?? base.systemLogLevel ?? 'INFO',
    logGroup,
  }
}

function levelsOfText(): Error {
  return invalidParameterValue(
    'LogLevel is not supported when LogFormat is set to "Text". ' +
      'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
  )
}

/** The model's bounds are those of managed instances and wider. source: AWS Lambda quotas */
function checkNumbers(input: SettingsInput): void {
  const { Timeout: timeout, MemorySize: memory } = input
  const storage = input.EphemeralStorage?.Size
  if (timeout !== undefined && timeout > maxTimeoutSeconds) {
    const constraint = `Member must have value less than or equal to ${maxTimeoutSeconds}`
    throw constraintFailed(String(timeout), 'timeout', constraint)
  }
  if (memory !== undefined && memory > maxMemoryMib) {
    throw invalidParameterValue(
      `'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to ${maxMemoryMib}`,
    )
  }
  if (storage !== undefined && storage > maxEphemeralStorageMib) {
    const constraint = `Member must have value less than or equal to ${maxEphemeralStorageMib}`
    throw constraintFailed(String(storage), 'ephemeralStorage.size', constraint)
  }
}

/** @throws AwsError InvalidParameterValueException (400) unless Lambda has a runtime of this name, deprecated ones included */
export function checkRuntime(runtime: string, catalogue: Catalogue): void {
  if (catalogue.isKnown(runtime)) return
  const names = catalogue.list().map((known) => known.name)
  throw invalidParameterValue(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: ` +
      `Member must satisfy enum value set: [${names.join(', ')}] or be a valid ARN`,
  )
}

/** SnapStart is for Java 11 and later, Python 3.12 and later, and .NET 8 and later.
 *  @throws AwsError InvalidParameterValueException (400)
 *  source  AWS Lambda dev guide "Lambda SnapStart" */
export function checkSnapStart(settings: Settings): void {
  if (settings.snapStart === 'None') return
  if (settings.tenancy !== undefined) {
    throw invalidParameterValue(
      'SnapStart is not supported for functions with tenancy configuration.',
    )
  }
  const [, family = '', major = '', minor = '0'] =
    /^(java|python|dotnet)(\d+)(?:\.(\d+))?/.exec(settings.runtime) ?? []
  const isSupported =
    (family === 'java' && Number(major) >= 11) ||
    (family === 'dotnet' && Number(major) >= 8) ||
    (family === 'python' && Number(major) === 3 && Number(minor) >= 12)
  if (isSupported) return
  throw invalidParameterValue(
    `${settings.runtime} is not supported for SnapStart enabled functions.`,
  )
}

/** Code and layers together must fit. @throws AwsError InvalidParameterValueException (400) */
export function checkTotalSize(codeBytes: number, layers: readonly UsedLayer[]): void {
  const total = layers.reduce((sum, layer) => sum + layer.unzippedBytes, codeBytes)
  if (total <= lambdaLimits.maxUnzippedBytes) return
  throw invalidParameterValue(
    'Function code combined with layers exceeds the maximum allowed size of ' +
      `${lambdaLimits.maxUnzippedBytes} bytes. The actual size is ${total} bytes.`,
  )
}

/** Features that would change how a function runs and that nothing here does: refused, not ignored. */
const unsupportedMembers = ['PublishTo', 'ImageConfig', 'DurableConfig'] as const

/** @throws AwsError InvalidParameterValueException (400) naming the first member that is not supported */
export function refuseUnsupported(input: object): void {
  const given = new Map(Object.entries(input))
  for (const member of unsupportedMembers) {
    if (given.get(member) === undefined) continue
    throw invalidParameterValue(`The parameter ${member} is not supported by this service yet.`)
  }
}
