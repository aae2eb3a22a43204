/**
 * How many invocations one environment serves at once: the part of Lambda Managed Instances that concerns environments. A capacity
 * provider is a name here, since all environments run on this machine; the tag `lair.concurrency` does without.
 * source: Lambda model, CapacityProviderConfig; AWS Lambda dev guide "Lambda Managed Instances"
 */
import type { CapacityProviderConfig, FunctionConfiguration } from '@aws-sdk/client-lambda'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Settings } from '../records.ts'

/** What a function says of its capacity provider. */
export type Capacity = {
  readonly providerArn: string
  readonly maxConcurrency?: number
  readonly memoryGibPerVcpu?: number
}

/** Invocations at once per vCPU, of which an environment has one unless it says otherwise. source: the dev guide's runtime pages */
const defaults: Readonly<Record<string, number>> = { nodejs: 64, java: 32, dotnet: 32, python: 16 }
const otherDefault = 32
/** what a vCPU has when nobody says, and an environment at least. source: AWS Lambda dev guide "Lambda Managed Instances"; other servers of this API */
const defaultMemoryGibPerVcpu = 2
/** What a function gets that says nothing of its memory. */
export const defaultCapacityMemoryMib = 2048

/** @throws AwsError InvalidParameterValueException (400) without a provider's ARN */
export function changeCapacity(
  base: Capacity | undefined,
  input: CapacityProviderConfig | undefined,
): Capacity | undefined {
  if (input === undefined) return base
  const config = input.LambdaManagedInstancesCapacityProviderConfig
  if (config?.CapacityProviderArn === undefined) {
    throw invalidParameterValue('CapacityProviderArn is required in CapacityProviderConfig.')
  }
  const { PerExecutionEnvironmentMaxConcurrency: count } = config
  const { ExecutionEnvironmentMemoryGiBPerVCpu: memory } = config
  return {
    providerArn: config.CapacityProviderArn,
    ...(count !== undefined && { maxConcurrency: count }),
    ...(memory !== undefined && { memoryGibPerVcpu: memory }),
  }
}

/** As GetFunctionConfiguration shows it, with what it did not say. source: AWS Lambda dev guide "Lambda Managed Instances"; other servers of this API */
export function renderCapacity({
  capacity,
  runtime,
}: Settings): Pick<FunctionConfiguration, 'CapacityProviderConfig'> {
  if (capacity === undefined) return {}
  const { providerArn, maxConcurrency, memoryGibPerVcpu } = capacity
  return {
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: providerArn,
        PerExecutionEnvironmentMaxConcurrency: maxConcurrency ?? defaultConcurrency(runtime),
        ExecutionEnvironmentMemoryGiBPerVCpu: memoryGibPerVcpu ?? defaultMemoryGibPerVcpu,
      },
    },
  }
}

/** @returns undefined for one at a time */
export function concurrencyOf(
  { capacity, runtime, tenancy }: Settings,
  tags: Readonly<Record<string, string>>,
): number | undefined {
  // An environment is shared by invocations, but never by tenants.
  if (tenancy !== undefined) return undefined
  const tag = tags['lair.concurrency']
  if (tag !== undefined) return Number(tag)
  if (capacity === undefined) return undefined
  return capacity.maxConcurrency ?? defaultConcurrency(runtime)
}

function defaultConcurrency(runtime: string): number {
  const family = /^[a-z]+/.exec(runtime)?.[0] ?? ''
  return defaults[family] ?? otherDefault
}
