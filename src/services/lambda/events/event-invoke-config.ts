/** What a function, version or alias says about its asynchronous invocations: the five operations, and the look-up of the worker. */
import type { FunctionEventInvokeConfig } from '@aws-sdk/client-lambda'
import { functionArn, latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceNotFound } from '../../../lib/errors/lambda.ts'
import { defaultAsyncSettings } from '../../../invoke/async-settings.ts'
import type { AsyncSettingsSource } from '../../../invoke/async-settings.ts'
import type { Document, Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { checkDestinations } from './destination-arn.ts'
import type { Destinations } from './destination-arn.ts'
import { findAlias, findVersion, isVersionNumber } from '../lookup.ts'
import { locate, locateFunction, type Asker, type Located } from '../names.ts'
import { listPage } from '../paging.ts'
import { eventInvokeKey, functionKey, prefixOf } from '../records.ts'
import type { EventInvokeRecord, FunctionRecord, VersionRecord } from '../records.ts'

type Operations =
  | 'PutFunctionEventInvokeConfig'
  | 'UpdateFunctionEventInvokeConfig'
  | 'GetFunctionEventInvokeConfig'
  | 'DeleteFunctionEventInvokeConfig'
  | 'ListFunctionEventInvokeConfigs'

/** What Put and Update are given. */
type Given = {
  readonly FunctionName: string | undefined
  readonly Qualifier?: string | undefined
  readonly MaximumRetryAttempts?: number | undefined
  readonly MaximumEventAgeInSeconds?: number | undefined
  readonly DestinationConfig?: FunctionEventInvokeConfig['DestinationConfig']
}

/** The five operations. @source AWS Lambda API reference; recorded answers */
export function eventInvokeConfigHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store

  /** Write what was given over `base`. */
  async function write(
    located: Located,
    input: Given,
    base: Partial<EventInvokeRecord>,
  ): Promise<FunctionEventInvokeConfig> {
    const { place, functionName, qualifier = latest } = located
    const destinations = toDestinations(input)
    checkDestinations(documents, located, destinations ?? {})
    const record: EventInvokeRecord = {
      ...(destinations === undefined ? base : withoutDestinations(base)),
      qualifier,
      modifiedAtMs: deps.clock.nowMs(),
      ...(input.MaximumRetryAttempts !== undefined && {
        maxRetryAttempts: input.MaximumRetryAttempts,
      }),
      ...(input.MaximumEventAgeInSeconds !== undefined && {
        maxEventAgeSeconds: input.MaximumEventAgeInSeconds,
      }),
      ...destinations,
    }
    await documents.put(eventInvokeKey(place, functionName, qualifier), record)
    return render(record, located)
  }

  return {
    PutFunctionEventInvokeConfig: (input, context) =>
      write(locateExisting(documents, context, input, 'PutFunctionEventInvokeConfig'), input, {}),
    UpdateFunctionEventInvokeConfig: (input, context) => {
      const action = 'UpdateFunctionEventInvokeConfig'
      const located = locateExisting(documents, context, input, action)
      return write(located, input, getConfig(documents, located).value)
    },
    GetFunctionEventInvokeConfig: (input, context) => {
      const located = locate(context, input, 'GetFunctionEventInvokeConfig')
      return render(getConfig(documents, located).value, located)
    },
    DeleteFunctionEventInvokeConfig: async (input, context) => {
      const located = locate(context, input, 'DeleteFunctionEventInvokeConfig')
      await documents.delete(getConfig(documents, located).key)
      return {}
    },
    ListFunctionEventInvokeConfigs: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'ListFunctionEventInvokeConfigs')
      const { place, functionName } = located
      if (documents.get(functionKey(place, functionName)) === undefined) throw noFunction()
      const prefix = prefixOf(place, 'event-invoke', functionName)
      const { values, nextMarker } = listPage<EventInvokeRecord>(documents, prefix, input)
      return {
        FunctionEventInvokeConfigs: values.map((record) => render(record, located)),
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
      }
    },
  }
}

/** What the worker of asynchronous events asks for; read from the store each time, so a change counts from the next attempt on. */
export function createAsyncSettings(documents: Documents): AsyncSettingsSource {
  return {
    asyncSettings(place, functionName, qualifier) {
      const key = eventInvokeKey(place, functionName, qualifier ?? latest)
      const record = documents.get<EventInvokeRecord>(key)?.value
      if (record === undefined) return defaultAsyncSettings
      const { maxRetryAttempts, maxEventAgeSeconds, onSuccess, onFailure } = record
      return {
        maxRetryCount: maxRetryAttempts ?? defaultAsyncSettings.maxRetryCount,
        maxAgeMs:
          maxEventAgeSeconds === undefined
            ? defaultAsyncSettings.maxAgeMs
            : maxEventAgeSeconds * 1000,
        ...(onSuccess !== undefined && { onSuccess }),
        ...(onFailure !== undefined && { onFailure }),
      }
    },
    deadLetterTarget: (place, functionName, qualifier) =>
      versionFor(documents, { place, functionName, ...(qualifier !== undefined && { qualifier }) })
        ?.settings.deadLetterTargetArn,
    logGroup: (place, functionName) =>
      versionFor(documents, { place, functionName })?.settings.logging.logGroup ??
      `/aws/lambda/${functionName}`,
  }
}

/** The version that a qualifier means; of a weighted alias the first. */
function versionFor(documents: Documents, located: Located): VersionRecord | undefined {
  const { place, functionName, qualifier = latest } = located
  const version =
    qualifier === latest || isVersionNumber(qualifier)
      ? qualifier
      : findAlias(documents, located, qualifier)?.value.functionVersion
  if (version === undefined) return undefined
  if (version !== latest) return findVersion(documents, located, version)
  return documents.get<FunctionRecord>(functionKey(place, functionName))?.value.latest
}

/** @throws AwsError InvalidParameterValueException (400) when nothing is said, ResourceNotFoundException (404) */
function locateExisting(documents: Documents, asker: Asker, input: Given, action: string): Located {
  const { FunctionName, Qualifier } = input
  const located = locate(asker, { FunctionName, Qualifier }, action)
  if (
    input.MaximumRetryAttempts === undefined &&
    input.MaximumEventAgeInSeconds === undefined &&
    input.DestinationConfig === undefined
  ) {
    throw invalidParameterValue(
      'You must specify at least one of error handling or destination setting.',
    )
  }
  if (versionFor(documents, located) === undefined) throw noFunction()
  return located
}

function getConfig(documents: Documents, located: Located): Document<EventInvokeRecord> {
  const { place, functionName, qualifier = latest } = located
  const key = eventInvokeKey(place, functionName, qualifier)
  const document = documents.get<EventInvokeRecord>(key)
  if (document !== undefined) return document
  const arn = functionArn(place, functionName, qualifier)
  throw resourceNotFound(`The function ${arn} doesn't have an EventInvokeConfig`)
}

function noFunction(): Error {
  return resourceNotFound("The function doesn't exist.")
}

/** undefined when the request says nothing of destinations; an empty one is none. */
function toDestinations(input: Given): Destinations | undefined {
  if (input.DestinationConfig === undefined) return undefined
  const onSuccess = input.DestinationConfig.OnSuccess?.Destination
  const onFailure = input.DestinationConfig.OnFailure?.Destination
  return {
    ...(onSuccess !== undefined && onSuccess !== '' && { onSuccess }),
    ...(onFailure !== undefined && onFailure !== '' && { onFailure }),
  }
}

function withoutDestinations(base: Partial<EventInvokeRecord>): Partial<EventInvokeRecord> {
  const { onSuccess: _success, onFailure: _failure, ...rest } = base
  return rest
}

function render(record: EventInvokeRecord, located: Located): FunctionEventInvokeConfig {
  const { place, functionName } = located
  const { qualifier, modifiedAtMs, maxRetryAttempts, maxEventAgeSeconds } = record
  return {
    LastModified: new Date(modifiedAtMs),
    FunctionArn: functionArn(place, functionName, qualifier),
    ...(maxRetryAttempts !== undefined && { MaximumRetryAttempts: maxRetryAttempts }),
    ...(maxEventAgeSeconds !== undefined && { MaximumEventAgeInSeconds: maxEventAgeSeconds }),
    DestinationConfig: {
      OnSuccess: record.onSuccess === undefined ? {} : { Destination: record.onSuccess },
      OnFailure: record.onFailure === undefined ? {} : { Destination: record.onFailure },
    },
  }
}
