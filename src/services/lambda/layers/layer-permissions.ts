/** AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy. */
import { layerVersionArn, type LayerVersionReference } from '../../../lib/arn.ts'
import {
  preconditionFailed,
  resourceConflict,
  resourceNotFound,
} from '../../../lib/errors/lambda.ts'
import { RevisionConflict, type Document, type Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { findLayerVersion, locateOwnLayer } from './layer-lookup.ts'
import { constraintFailed, type Asker } from '../names.ts'
import { addStatement, removeStatement, toPolicyText, toStatement } from '../policy/policy.ts'
import { layerPolicyKey, type LayerPolicyRecord, type Statement } from '../records.ts'

type Operations =
  | 'AddLayerVersionPermission'
  | 'RemoveLayerVersionPermission'
  | 'GetLayerVersionPolicy'

type Input = {
  readonly LayerName: string | undefined
  readonly VersionNumber: number | undefined
}

const onlyAction = 'lambda:GetLayerVersion'

/** The three operations on the policies of layer versions. @source AWS Lambda API reference; recorded answers */
export function layerPermissionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store

  async function save(
    layer: LayerVersionReference,
    statements: readonly Statement[],
    before: Document<LayerPolicyRecord> | undefined,
  ): Promise<string> {
    const revisionId = deps.ids.uuid()
    const policy: LayerPolicyRecord = { statements, revisionId }
    const key = layerPolicyKey(layer, layer.layerName, layer.version)
    try {
      if (statements.length === 0) await documents.delete(key, before?.revision ?? 0)
      else await documents.put(key, policy, before?.revision ?? 0)
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      const arn = layerVersionArn(layer, layer.layerName, layer.version)
      throw resourceConflict(
        `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
      )
    }
    return revisionId
  }

  return {
    AddLayerVersionPermission: async (input, context) => {
      const { Action: action = '', StatementId: sid = '', Principal: principal = '' } = input
      if (action !== onlyAction) {
        const constraint = `Member must satisfy regular expression pattern: ${onlyAction}`
        throw constraintFailed(action, 'action', constraint)
      }
      const layer = locateVersion(documents, context, input)
      const resource = layerVersionArn(layer, layer.layerName, layer.version)
      const conditions = { principalOrgId: input.OrganizationId }
      const statement = toStatement(sid, principal, { action, resource }, conditions)
      const before = findPolicy(documents, layer)
      const { statements } = addStatement({ statements: before?.value.statements ?? [] }, statement)
      expectPolicyRevision(input.RevisionId, before)
      const revisionId = await save(layer, statements, before)
      return { Statement: JSON.stringify(statement), RevisionId: revisionId }
    },
    RemoveLayerVersionPermission: async (input, context) => {
      const layer = locateVersion(documents, context, input)
      const before = findPolicy(documents, layer)
      if (before === undefined) throw noPolicy()
      expectPolicyRevision(input.RevisionId, before)
      const { statements } = removeStatement(before.value, input.StatementId ?? '')
      await save(layer, statements, before)
      return {}
    },
    GetLayerVersionPolicy: (input, context) => {
      const layer = locateVersion(documents, context, input)
      const policy = findPolicy(documents, layer)?.value
      if (policy === undefined) throw noPolicy()
      return { Policy: toPolicyText(policy), RevisionId: policy.revisionId }
    },
  }
}

/** @throws AwsError ResourceNotFoundException (404) unless the version is there */
function locateVersion(documents: Documents, asker: Asker, input: Input): LayerVersionReference {
  const { place, layerName } = locateOwnLayer(asker, input.LayerName, 'GetLayerVersionPolicy')
  const layer = { ...place, layerName, version: input.VersionNumber ?? 0 }
  if (findLayerVersion(documents, layer) === undefined) {
    const arn = layerVersionArn(place, layerName, layer.version)
    throw resourceNotFound(`Layer version ${arn} does not exist.`)
  }
  return layer
}

function findPolicy(
  documents: Documents,
  layer: LayerVersionReference,
): Document<LayerPolicyRecord> | undefined {
  return documents.get<LayerPolicyRecord>(layerPolicyKey(layer, layer.layerName, layer.version))
}

function noPolicy(): Error {
  return resourceNotFound('No policy is associated with the given resource.')
}

function expectPolicyRevision(
  expected: string | undefined,
  policy: Document<LayerPolicyRecord> | undefined,
): void {
  if (expected === undefined || expected === '' || expected === policy?.value.revisionId) return
  throw preconditionFailed(
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetLayerPolicy API to retrieve the latest Revision Id',
  )
}
