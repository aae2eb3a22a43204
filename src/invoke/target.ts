/** How the rooms that start invocations find the version to run: the services hand these in, since they know the functions. */
import type { FunctionVersion, Place } from '../model.ts'
import type { Lineage } from './lineage.ts'

/** What a name and a qualifier point at, now. */
export type Target = {
  /** a promise while the code is being made ready */
  readonly version: FunctionVersion | Promise<FunctionVersion>
  readonly reservedConcurrency?: number | undefined
  /** keeps the alias or version that was asked for, unqualified if none was */
  readonly invokedArn: string
  /** for recursion detection; absent where nobody looks for loops */
  readonly lineage?: Lineage
}

export type Targets = {
  /** @param functionName  any form: name, partial or full ARN, with or without qualifier
   *  @throws AwsError  as Invoke answers */
  resolve(place: Place, functionName: string, qualifier: string | undefined): Target
  /** Concurrency of the account in the region that is not reserved. */
  unreservedConcurrency(place: Place): number
}
