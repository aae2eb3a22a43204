/**
 * CreateCodeSigningConfig, GetCodeSigningConfig, UpdateCodeSigningConfig, DeleteCodeSigningConfig and ListCodeSigningConfigs:
 * who may have signed the code of the functions that have the config. Which functions those are: function-code-signing.ts.
 */
import type { CodeSigningConfig } from '@aws-sdk/client-lambda'
import { codeSigningConfigArn } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import type { Place } from '../../../model.ts'
import { RevisionConflict } from '../../../store/store.ts'
import { functionsWithConfig, getConfig } from './code-signing-lookup.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { listPage } from '../paging.ts'
import { codeSigningConfigKey, prefixOf, type CodeSigningConfigRecord } from '../records.ts'
import { renderDate } from '../functions/render.ts'
import { checkTags } from '../functions/tags.ts'

type Operations =
  | 'CreateCodeSigningConfig'
  | 'GetCodeSigningConfig'
  | 'UpdateCodeSigningConfig'
  | 'DeleteCodeSigningConfig'
  | 'ListCodeSigningConfigs'

/** The five operations on code signing configs.
 *  @source AWS Lambda API reference; recorded answers: untrusted artifacts are warned of unless the request says otherwise */
export function codeSigningHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { clock, ids } = deps
  const { documents } = deps.store
  return {
    CreateCodeSigningConfig: async (input, context) => {
      const place = { accountId: context.accountId, region: context.region }
      const record: CodeSigningConfigRecord = {
        id: `csc-${ids.hex(9).slice(0, 17)}`,
        description: input.Description ?? '',
        signingProfileVersionArns: checkPublishers(input.AllowedPublishers) ?? [],
        untrustedArtifact: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? 'Warn',
        modifiedAtMs: clock.nowMs(),
        tags: checkTags(input.Tags ?? {}),
      }
      await documents.put(codeSigningConfigKey(place, record.id), record, 0)
      return { CodeSigningConfig: render(place, record) }
    },
    GetCodeSigningConfig: (input, context) => {
      const { place, config } = getConfig(documents, context, input.CodeSigningConfigArn)
      return { CodeSigningConfig: render(place, config.value) }
    },
    UpdateCodeSigningConfig: async (input, context) => {
      const { place, config } = getConfig(documents, context, input.CodeSigningConfigArn)
      const { value: before, revision } = config
      const { Description, AllowedPublishers, CodeSigningPolicies } = input
      const record: CodeSigningConfigRecord = {
        ...before,
        description: Description ?? before.description,
        signingProfileVersionArns:
          checkPublishers(AllowedPublishers) ?? before.signingProfileVersionArns,
        untrustedArtifact:
          CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? before.untrustedArtifact,
        modifiedAtMs: clock.nowMs(),
      }
      const key = codeSigningConfigKey(place, record.id)
      await orUpdating(place, record.id, documents.put(key, record, revision))
      return { CodeSigningConfig: render(place, record) }
    },
    DeleteCodeSigningConfig: async (input, context) => {
      const { place, config } = getConfig(documents, context, input.CodeSigningConfigArn)
      const { id } = config.value
      if (functionsWithConfig(documents, place, codeSigningConfigArn(place, id)).length > 0) {
        throw resourceConflict(
          'Cannot delete the code signing configuration while functions use it. ' +
            'Remove it from them with DeleteFunctionCodeSigningConfig first.',
        )
      }
      const key = codeSigningConfigKey(place, id)
      await orUpdating(place, id, documents.delete(key, config.revision))
      return {}
    },
    ListCodeSigningConfigs: (input, context) => {
      const place = { accountId: context.accountId, region: context.region }
      const prefix = prefixOf(place, 'code-signing-configs')
      const { values, nextMarker } = listPage<CodeSigningConfigRecord>(documents, prefix, input)
      return {
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
        CodeSigningConfigs: values.map((record) => render(place, record)),
      }
    },
  }
}

type Publishers = { readonly SigningProfileVersionArns: readonly string[] | undefined }

/** A profile may be named without its version. @returns undefined when the request names none  @source recorded answers */
function checkPublishers(publishers: Publishers | undefined): readonly string[] | undefined {
  if (publishers === undefined) return undefined
  const arns = publishers.SigningProfileVersionArns ?? []
  for (const arn of arns) {
    const isProfile = /^arn:[^:]+:signer:[^:]+:\d{12}:\/signing-profiles\/\w/.test(arn)
    if (!isProfile) {
      throw invalidParameterValue(`The signing profile version ARN ${arn} is not valid.`)
    }
  }
  return arns
}

function render(place: Place, record: CodeSigningConfigRecord): CodeSigningConfig {
  return {
    CodeSigningConfigId: record.id,
    CodeSigningConfigArn: codeSigningConfigArn(place, record.id),
    Description: record.description,
    AllowedPublishers: { SigningProfileVersionArns: [...record.signingProfileVersionArns] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: record.untrustedArtifact },
    LastModified: renderDate(record.modifiedAtMs),
  }
}

async function orUpdating(place: Place, id: string, write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error
    throw resourceConflict(
      'The operation cannot be performed at this time. ' +
        `An update is in progress for resource: ${codeSigningConfigArn(place, id)}`,
    )
  }
}
