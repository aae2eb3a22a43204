/** TagResource, UntagResource and ListTags, for functions. */
import type { RequestContext } from '../../gateway/service.ts'
import {
  invalidParameterValue,
  resourceNotFound,
  validationFailed,
} from '../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from './dependencies.ts'
import { getFunctionDocument, orConflict } from './lookup.ts'
import { locate, type Located } from './names.ts'
import { functionKey, type FunctionRecord } from './records.ts'

type Tags = Readonly<Record<string, string>>

const maxTagCount = 50

/** The three operations on tags. @source AWS Lambda API reference; recorded answers */
export function tagHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'TagResource' | 'UntagResource' | 'ListTags'> {
  return {
    TagResource: async (input, context) => {
      const located = locateResource(input.Resource, context, 'TagResource')
      const added = input.Tags ?? {}
      if (Object.keys(added).length === 0) {
        throw invalidParameterValue('An error occurred and the request cannot be processed.')
      }
      await changeTags(deps, located, (tags) => ({ ...tags, ...added }))
      return {}
    },
    UntagResource: async (input, context) => {
      const located = locateResource(input.Resource, context, 'UntagResource')
      const keys = input.TagKeys ?? []
      if (keys.length === 0) {
        throw validationFailed(
          "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
        )
      }
      const removed = new Set(keys)
      await changeTags(deps, located, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))),
      )
      return {}
    },
    ListTags: (input, context) => {
      const located = locateResource(input.Resource, context, 'ListTags')
      return { Tags: { ...getFunctionDocument(deps.store.documents, located).value.tags } }
    },
  }
}

/** @throws AwsError InvalidParameterValueException (400) for more tags than a resource may have */
export function checkTags(tags: Tags): Tags {
  if (Object.keys(tags).length <= maxTagCount) return tags
  throw invalidParameterValue('Number of tags exceeds resource tag limit.')
}

function locateResource(
  resource: string | undefined,
  context: RequestContext,
  action: string,
): Located {
  if (resource?.includes(':function:') !== true) {
    throw resourceNotFound('The resource you requested does not exist.')
  }
  const located = locate(context, { FunctionName: resource }, action)
  if (located.qualifier !== undefined) {
    throw invalidParameterValue(
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    )
  }
  return located
}

async function changeTags(
  deps: LambdaDependencies,
  located: Located,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const { documents } = deps.store
  const { value: record, revision } = getFunctionDocument(documents, located)
  const changed: FunctionRecord = {
    ...record,
    tags: checkTags(change(record.tags)),
    latest: { ...record.latest, revisionId: deps.ids.uuid() },
  }
  const key = functionKey(located.place, located.functionName)
  await orConflict(located, documents.put(key, changed, revision))
}
