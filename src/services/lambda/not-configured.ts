/**
 * Features that nothing here can configure yet, and that clients read all the same: Terraform and the consoles ask for them
 * with every function. The answers are those of a function for which they were never set, which is the truth.
 */
import { latest } from '../../lib/arn.ts'
import {
  invalidParameterValue,
  provisionedConcurrencyConfigNotFound,
} from '../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from './dependencies.ts'
import { getAliasDocument, getFunctionDocument, getVersion, isVersionNumber } from './lookup.ts'
import { locate, locateFunction, type Asker } from './names.ts'

type Operations =
  | 'GetProvisionedConcurrencyConfig'
  | 'ListProvisionedConcurrencyConfigs'
  | 'ListEventSourceMappings'

/** The handlers that read what was never set. @source AWS Lambda API reference; recorded answers */
export function notConfiguredHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store

  /** @throws AwsError ResourceNotFoundException (404) unless the function is there */
  function existing(asker: Asker, functionName: string | undefined, action: string): void {
    getFunctionDocument(documents, locateFunction(asker, functionName, action))
  }

  return {
    GetProvisionedConcurrencyConfig: (input, context) => {
      const located = locate(context, input, 'GetProvisionedConcurrencyConfig')
      const { qualifier = latest } = located
      if (qualifier === latest) {
        throw invalidParameterValue(
          'The function resource provided must be an alias or a published version.',
        )
      }
      if (isVersionNumber(qualifier)) getVersion(documents, located)
      else getAliasDocument(documents, located, qualifier)
      throw provisionedConcurrencyConfigNotFound(
        'No Provisioned Concurrency Config found for this function',
      )
    },
    ListProvisionedConcurrencyConfigs: (input, context) => {
      existing(context, input.FunctionName, 'ListProvisionedConcurrencyConfigs')
      return { ProvisionedConcurrencyConfigs: [] }
    },
    ListEventSourceMappings: () => ({ EventSourceMappings: [] }),
  }
}
