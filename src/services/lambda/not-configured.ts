/**
 * Features that nothing here can configure yet, and that clients read all the same: Terraform and the consoles ask for them
 * with every function. The answers are those of a function for which they were never set, which is the truth.
 */
import type { LambdaHandlers } from './dependencies.ts'

/** Operations that read what was never set; docs/api.md says so of them. */
export const notConfigured = ['ListEventSourceMappings'] as const

/** The handlers that read what was never set. @source AWS Lambda API reference; recorded answers */
export function notConfiguredHandlers(): Pick<LambdaHandlers, (typeof notConfigured)[number]> {
  return {
    ListEventSourceMappings: () => ({ EventSourceMappings: [] }),
  }
}
