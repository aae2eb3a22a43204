/**
 * CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig and ListFunctionUrlConfigs. What a
 * URL answers is in function-url-site.ts.
 * source: AWS Lambda API reference; recorded answers.
 */
import type { CreateFunctionUrlConfigRequest, FunctionUrlConfig } from '@aws-sdk/client-lambda'
import type { RequestContext } from '../../../gateway/service.ts'
import { functionArn } from '../../../lib/arn.ts'
import {
  invalidParameterValue,
  resourceConflict,
  resourceNotFound,
} from '../../../lib/errors/lambda.ts'
import type { Ids } from '../../../lib/ids.ts'
import type { Change, Document, Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { allDocuments, findAlias, getFunctionDocument, orConflict } from '../lookup.ts'
import { locate, locateFunction, type Located } from '../names.ts'
import { listPage } from '../paging.ts'
import {
  functionKey,
  prefixOf,
  urlIdKey,
  urlKey,
  type UrlIdRecord,
  type UrlRecord,
} from '../records.ts'

type Operations =
  | 'CreateFunctionUrlConfig'
  | 'GetFunctionUrlConfig'
  | 'UpdateFunctionUrlConfig'
  | 'DeleteFunctionUrlConfig'
  | 'ListFunctionUrlConfigs'

/** The five operations on function URLs. */
export function functionUrlHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { clock } = deps
  const { documents } = deps.store
  return {
    CreateFunctionUrlConfig: async (input, context) => {
      const located = locate(context, input, 'CreateFunctionUrlConfig')
      checkExists(documents, located)
      const record = await create(deps, located, input)
      const { LastModifiedTime: _, ...created } = renderChanged(record, located, context)
      return created
    },
    GetFunctionUrlConfig: (input, context) => {
      const located = locate(context, input, 'GetFunctionUrlConfig')
      return render(getUrl(documents, located).value, located, context)
    },
    UpdateFunctionUrlConfig: async (input, context) => {
      const located = locate(context, input, 'UpdateFunctionUrlConfig')
      checkExists(documents, located)
      const { key, value: before, revision } = getUrl(documents, located)
      const cors = input.Cors ?? before.cors
      const record: UrlRecord = {
        ...before,
        authType: input.AuthType ?? before.authType,
        ...(input.InvokeMode !== undefined && { invokeMode: input.InvokeMode }),
        ...(cors !== undefined && { cors }),
        modifiedAtMs: clock.nowMs(),
      }
      await orConflict(located, documents.put(key, record, revision))
      return renderChanged(record, located, context)
    },
    DeleteFunctionUrlConfig: async (input, context) => {
      const located = locate(context, input, 'DeleteFunctionUrlConfig')
      const { key, value } = getUrl(documents, located)
      await documents.transact([
        { kind: 'delete', key },
        { kind: 'delete', key: urlIdKey(value.id) },
      ])
      return {}
    },
    ListFunctionUrlConfigs: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'ListFunctionUrlConfigs')
      checkExists(documents, located)
      const { place, functionName } = located
      const prefix = prefixOf(place, 'urls', functionName)
      const { values, nextMarker } = listPage<UrlRecord>(documents, prefix, input)
      return {
        FunctionUrlConfigs: values.map((record) => {
          const { qualifier } = record
          const of = { ...located, ...(qualifier !== undefined && { qualifier }) }
          return render(record, of, context)
        }),
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
      }
    },
  }
}

async function create(
  deps: LambdaDependencies,
  located: Located,
  input: Pick<CreateFunctionUrlConfigRequest, 'AuthType' | 'Cors' | 'InvokeMode'>,
): Promise<UrlRecord> {
  const { documents } = deps.store
  const { place, functionName, qualifier } = located
  const key = urlKeyOf(located)
  if (documents.get(key) !== undefined) throw urlExists(located)
  const { settings } = getFunctionDocument(documents, located).value.latest
  if (settings.tenancy !== undefined) {
    throw invalidParameterValue(
      'Function URLs are not supported for functions with tenancy configuration.',
    )
  }
  const nowMs = deps.clock.nowMs()
  const record: UrlRecord = {
    id: urlId(deps.ids),
    ...(qualifier !== undefined && { qualifier }),
    authType: input.AuthType ?? 'AWS_IAM',
    ...(input.InvokeMode !== undefined && { invokeMode: input.InvokeMode }),
    ...(input.Cors !== undefined && { cors: input.Cors }),
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  }
  const owner: UrlIdRecord = { ...place, functionName, key }
  await orConflict(
    located,
    documents.transact([
      { kind: 'put', key, value: record, expected: 0 },
      { kind: 'put', key: urlIdKey(record.id), value: owner, expected: 0 },
    ]),
  )
  return record
}

/** The changes that take URLs away together with what they belong to.
 *  @param qualifier  only of this alias; all of the function's when absent */
export function urlDeletions(
  documents: Documents,
  { place, functionName }: Located,
  qualifier?: string,
): Change[] {
  const urls =
    qualifier === undefined
      ? allDocuments<UrlRecord>(documents, prefixOf(place, 'urls', functionName))
      : [documents.get<UrlRecord>(urlKey(place, functionName, qualifier))]
  return urls.flatMap((url): Change[] =>
    url === undefined
      ? []
      : [
          { kind: 'delete', key: url.key },
          { kind: 'delete', key: urlIdKey(url.value.id) },
        ],
  )
}

function urlKeyOf({ place, functionName, qualifier }: Located): string {
  return urlKey(place, functionName, qualifier)
}

/** Of a URL, function and alias must be there. */
function checkExists(documents: Documents, located: Located): void {
  const { place, functionName, qualifier } = located
  const isThere =
    documents.get(functionKey(place, functionName)) !== undefined &&
    (qualifier === undefined || findAlias(documents, located, qualifier) !== undefined)
  if (!isThere) throw resourceNotFound('Function does not exist')
}

/** @throws AwsError ResourceNotFoundException (404) */
function getUrl(documents: Documents, located: Located): Document<UrlRecord> {
  const document = documents.get<UrlRecord>(urlKeyOf(located))
  if (document === undefined) {
    throw resourceNotFound('The resource you requested does not exist.')
  }
  return document
}

function urlExists({ place, functionName, qualifier }: Located): Error {
  const arn = functionArn(place, functionName, qualifier)
  return resourceConflict(
    `Failed to create function url config for [functionArn = ${arn}]. ` +
      'Error message:  FunctionUrlConfig exists for this Lambda function',
  )
}

const urlIdLength = 32

/** 32 letters and digits: nobody guesses them. */
function urlId(ids: Ids): string {
  return BigInt(`0x${ids.hex(24)}`)
    .toString(36)
    .padStart(urlIdLength, '0')
    .slice(-urlIdLength)
}

type Rendered = Required<Omit<FunctionUrlConfig, 'Cors'>> & Pick<FunctionUrlConfig, 'Cors'>

/** What Create and Update answer: the mode only when somebody has ever chosen one. source: recorded answers */
function renderChanged(record: UrlRecord, located: Located, context: RequestContext) {
  const { InvokeMode, ...rest } = render(record, located, context)
  return record.invokeMode === undefined ? rest : { ...rest, InvokeMode }
}

/** Under the port by which this client reaches us. */
function render(record: UrlRecord, located: Located, context: RequestContext): Rendered {
  const { place, functionName, qualifier } = located
  const { port } = new URL(context.endpoint)
  const host = `${urlDomain(record.id, place.region)}${port === '' ? '' : `:${port}`}`
  return {
    FunctionUrl: `http://${host}/`,
    FunctionArn: functionArn(place, functionName, qualifier),
    AuthType: record.authType,
    InvokeMode: record.invokeMode ?? 'BUFFERED',
    ...(record.cors !== undefined && { Cors: record.cors }),
    CreationTime: toTime(record.createdAtMs),
    LastModifiedTime: toTime(record.modifiedAtMs),
  }
}

/** The name under which a URL answers; every system resolves it to this machine. */
export function urlDomain(id: string, region: string): string {
  return `${id}.lambda-url.${region}.localhost`
}

/** With microseconds, unlike the times of functions. */
function toTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}
