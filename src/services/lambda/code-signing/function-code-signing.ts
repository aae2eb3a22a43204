/**
 * PutFunctionCodeSigningConfig, GetFunctionCodeSigningConfig, DeleteFunctionCodeSigningConfig and ListFunctionsByCodeSigningConfig;
 * and the check of code that is deployed. AWS Signer's certificates are out of reach here, so no signature can be proven: all
 * code is untrusted, which `Warn` lets pass and `Enforce` does not.
 */
import { functionArn, parseCodeSigningConfigArn } from '../../../lib/arn.ts'
import { codeVerificationFailed } from '../../../lib/errors/lambda.ts'
import type { Change, Document, Documents } from '../../../store/store.ts'
import { functionsWithConfig, getConfig, requireConfig } from './code-signing-lookup.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getFunctionDocument, orConflict } from '../lookup.ts'
import { locateFunction, type Located } from '../names.ts'
import { slicePage } from '../paging.ts'
import { codeSigningConfigKey, functionCodeSigningKey, functionKey } from '../records.ts'
import type { CodeSigningConfigRecord, FunctionCodeSigningRecord } from '../records.ts'

type Operations =
  | 'PutFunctionCodeSigningConfig'
  | 'GetFunctionCodeSigningConfig'
  | 'DeleteFunctionCodeSigningConfig'
  | 'ListFunctionsByCodeSigningConfig'

/** The four operations on which function has which config.
 *  @source AWS Lambda API reference; recorded answers: the config is looked for before the function; of a function without
 *    one Get answers 200 with nothing in it */
export function functionCodeSigningHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    PutFunctionCodeSigningConfig: async (input, context) => {
      const { CodeSigningConfigArn: configArn = '' } = input
      const located = locateFunction(context, input.FunctionName, 'PutFunctionCodeSigningConfig')
      const { config } = requireConfig(documents, context, configArn)
      const { place, functionName } = located
      const { value, revision } = getFunctionDocument(documents, located)
      // The function's document is written again, so that it cannot be deleted meanwhile.
      const write = documents.transact([
        { kind: 'put', key: functionKey(place, functionName), value, expected: revision },
        ...choose(located, configArn, config),
      ])
      await orConflict(located, write)
      return { CodeSigningConfigArn: configArn, FunctionName: functionName }
    },
    GetFunctionCodeSigningConfig: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'GetFunctionCodeSigningConfig')
      getFunctionDocument(documents, located)
      const record = findChoice(documents, located)
      return { CodeSigningConfigArn: record?.configArn, FunctionName: record?.functionName }
    },
    DeleteFunctionCodeSigningConfig: async (input, context) => {
      const { FunctionName } = input
      const located = locateFunction(context, FunctionName, 'DeleteFunctionCodeSigningConfig')
      getFunctionDocument(documents, located)
      await documents.delete(functionCodeSigningKey(located.place, located.functionName))
      return {}
    },
    ListFunctionsByCodeSigningConfig: (input, context) => {
      const { CodeSigningConfigArn: configArn = '' } = input
      const { place } = getConfig(documents, context, configArn)
      const names = functionsWithConfig(documents, place, configArn)
      const { items, nextMarker } = slicePage(names, input, (name) => name)
      return {
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
        FunctionArns: items.map((name) => functionArn(place, name)),
      }
    },
  }
}

/** The changes that give a function a config; the config's document is written again, so that it cannot be deleted meanwhile. */
export function choose(
  { place, functionName }: Located,
  configArn: string,
  config: Document<CodeSigningConfigRecord>,
): Change[] {
  const record: FunctionCodeSigningRecord = { functionName, configArn }
  const { key, value, revision: expected } = config
  return [
    { kind: 'put', key, value, expected },
    { kind: 'put', key: functionCodeSigningKey(place, functionName), value: record },
  ]
}

/** Refuse to deploy code, or layers, that nobody who is trusted has signed.
 *  @throws AwsError CodeVerificationFailedException (400) when the function's config enforces signatures
 *  @source AWS Lambda dev guide "Configuring code signing"; a text quoted in public reports of users */
export function checkSignature(documents: Documents, located: Located): void {
  const choice = findChoice(documents, located)
  const parsed = choice && parseCodeSigningConfigArn(choice.configArn)
  if (parsed === undefined) return
  const key = codeSigningConfigKey(parsed, parsed.id)
  const config = documents.get<CodeSigningConfigRecord>(key)?.value
  if (config !== undefined) checkTrusted(config, located)
}

/** The same for a function that is not there yet. @throws AwsError CodeVerificationFailedException (400) */
export function checkTrusted(config: CodeSigningConfigRecord, { functionName }: Located): void {
  if (config.untrustedArtifact === 'Warn') return
  throw codeVerificationFailed(
    'Lambda cannot deploy the function. The function or layer might be signed using a signature that the client ' +
      `is not configured to accept. Check the provided signature for ${functionName}.`,
  )
}

function findChoice(documents: Documents, located: Located): FunctionCodeSigningRecord | undefined {
  const key = functionCodeSigningKey(located.place, located.functionName)
  return documents.get<FunctionCodeSigningRecord>(key)?.value
}
