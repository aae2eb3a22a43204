/** TagResource, UntagResource and ListTags, for functions and code signing configs. */
import type { RequestContext } from '../../../gateway/service.ts'
import {
  invalidParameterValue,
  resourceNotFound,
  validationFailed,
} from '../../../lib/errors/lambda.ts'
import { getConfig } from '../code-signing/code-signing-lookup.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { checkLairTags } from './lair-tags.ts'
import { getFunctionDocument, orConflict } from '../lookup.ts'
import { locate, type Located } from '../names.ts'
import type { FunctionRecord } from '../records.ts'

type Tags = Readonly<Record<string, string>>

const maxTagCount = 50

/** The three operations on tags. @source AWS Lambda API reference; recorded answers */
export function tagHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'TagResource' | 'UntagResource' | 'ListTags'> {
  return {
    TagResource: async (input, context) => {
      const tagged = findTagged(deps, input.Resource, context, 'TagResource')
      const added = input.Tags ?? {}
      if (Object.keys(added).length === 0) {
        throw invalidParameterValue('An error occurred and the request cannot be processed.')
      }
      await tagged.replace(checkTags({ ...tagged.tags, ...added }))
      return {}
    },
    UntagResource: async (input, context) => {
      const tagged = findTagged(deps, input.Resource, context, 'UntagResource')
      const keys = input.TagKeys ?? []
      if (keys.length === 0) {
        throw validationFailed(
          "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
        )
      }
      const removed = new Set(keys)
      const left = Object.entries(tagged.tags).filter(([key]) => !removed.has(key))
      await tagged.replace(Object.fromEntries(left))
      return {}
    },
    ListTags: (input, context) => {
      return { Tags: { ...findTagged(deps, input.Resource, context, 'ListTags').tags } }
    },
  }
}

/** @throws AwsError InvalidParameterValueException (400) for more tags than a resource may have, or one of Lair's own that means nothing */
export function checkTags(tags: Tags): Tags {
  checkLairTags(tags)
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

/** What has tags, and the write that gives it others. */
type Tagged = { readonly tags: Tags; readonly replace: (tags: Tags) => Promise<unknown> }

/** @throws AwsError ResourceNotFoundException (404) for what is not there or has no tags here */
function findTagged(
  deps: LambdaDependencies,
  resource: string | undefined,
  context: RequestContext,
  action: string,
): Tagged {
  if (resource?.includes(':code-signing-config:')) return taggedConfig(deps, resource, context)
  return taggedFunction(deps, locateResource(resource, context, action))
}

function taggedConfig(deps: LambdaDependencies, arn: string, context: RequestContext): Tagged {
  const { documents } = deps.store
  const { config } = getConfig(documents, context, arn)
  const { key, value, revision } = config
  return {
    tags: value.tags,
    replace: (tags) => documents.put(key, { ...value, tags }, revision),
  }
}

function taggedFunction(deps: LambdaDependencies, located: Located): Tagged {
  const { documents } = deps.store
  const { value: record, revision, key } = getFunctionDocument(documents, located)
  return {
    tags: record.tags,
    replace: (tags) => {
      const latest = { ...record.latest, revisionId: deps.ids.uuid() }
      const changed: FunctionRecord = { ...record, tags, latest }
      return orConflict(located, documents.put(key, changed, revision))
    },
  }
}
