/**
 * PutFunctionScalingConfig and GetFunctionScalingConfig: how many environments a function keeps on the instances of a capacity provider.
 * Nothing here has such instances, so of every function that is there AWS's answer for one without them is the true one.
 */
import { accessDenied } from '../../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getVersion } from '../lookup.ts'
import { locate, type Asker } from '../names.ts'

type Operations = 'PutFunctionScalingConfig' | 'GetFunctionScalingConfig'

type Input = {
  readonly FunctionName: string | undefined
  readonly Qualifier: string | undefined
}

/** The two operations. @source AWS Lambda API reference; an answer recorded in a public report of August 2026 */
export function functionScalingHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const refuse = (input: Input, asker: Asker, action: Operations): never => {
    getVersion(deps.store.documents, locate(asker, input, action))
    throw accessDenied(
      'The function provided by the arn does not contain a capacity provider configuration',
    )
  }
  return {
    PutFunctionScalingConfig: (input, context) =>
      refuse(input, context, 'PutFunctionScalingConfig'),
    GetFunctionScalingConfig: (input, context) =>
      refuse(input, context, 'GetFunctionScalingConfig'),
  }
}
