/**
 * Environments that serve several invocations at once, and which of them has a slot free. The launcher opens slots here; to the rest of
 * the fleet each is an environment of its own.
 */
import type { ConcurrentEnvironment } from '../environment/concurrent/concurrent-environment.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { FunctionVersion } from '../model.ts'

/** @param onGone  called when it opens no slots any more */
export type MakeShared = (version: FunctionVersion, onGone: () => void) => ConcurrentEnvironment

/** All of this machine. */
export class SharedEnvironments {
  readonly #make: MakeShared
  /** version ARN -> those that live, the oldest first */
  readonly #environments = new Map<string, Set<ConcurrentEnvironment>>()

  constructor(make: MakeShared) {
    this.#make = make
  }

  /** A slot of the oldest environment that has one free, or of a new one. */
  open(version: FunctionVersion): ExecutionEnvironment {
    const known = this.#environments.get(version.arn) ?? new Set<ConcurrentEnvironment>()
    this.#environments.set(version.arn, known)
    for (const environment of known) {
      const isCurrent = environment.version.revisionId === version.revisionId
      if (environment.freeCount > 0 && isCurrent) return environment.openSlot()
    }
    const made = this.#make(version, () => this.#forget(made))
    known.add(made)
    return made.openSlot()
  }

  /** The version, or all versions of a function, are superseded or gone: what serves nobody ends now, the rest with its last slot.
   *  @param arn  of the version, or of the function (unqualified) */
  retire(arn: string): void {
    for (const [versionArn, known] of this.#environments) {
      if (versionArn !== arn && !versionArn.startsWith(`${arn}:`)) continue
      for (const environment of known) environment.retire()
    }
  }

  #forget(environment: ConcurrentEnvironment): void {
    const { arn } = environment.version
    const known = this.#environments.get(arn)
    known?.delete(environment)
    if (known?.size === 0) this.#environments.delete(arn)
  }
}
