/**
 * Carries out what is configured as provisioned concurrency: tells the fleet which versions have how much, whenever a configuration
 * or an alias changes, and after a restart. Writes nothing.
 */
import { setImmediate } from 'node:timers/promises'
import type { Fleet } from '../../../fleet/fleet.ts'
import { functionArn, latest, parseFunctionReference } from '../../../lib/arn.ts'
import { background } from '../../../lib/background.ts'
import type { Targets } from '../../../invoke/target.ts'
import type { FunctionVersion, Place } from '../../../model.ts'
import type { DocumentEvent, DocumentPage, Documents } from '../../../store/store.ts'
import { provisionedOf, provisionedVersionOf } from './provisioned-rules.ts'
import { ownerOfKey, rootKey } from '../records.ts'

/** What the control plane needs of the fleet. */
export type Provisioning = Pick<Fleet, 'provision' | 'provisioned'>

export type ProvisionedAllocationOptions = {
  readonly documents: Documents
  readonly resolve: Targets['resolve']
  readonly provisioning: Provisioning
}

const pageSize = 100

export class ProvisionedAllocation implements Disposable {
  readonly #options: ProvisionedAllocationOptions
  /** unqualified ARN -> what the fleet was told, by the ARN of the version */
  readonly #told = new Map<string, Map<string, FunctionVersion>>()
  /** unqualified ARN -> an update that runs, and whether it has to be done again */
  readonly #running = new Map<string, { isStale: boolean }>()
  readonly #watch: Disposable

  constructor(options: ProvisionedAllocationOptions) {
    this.#options = options
    this.#watch = options.documents.watch(rootKey, (event) => this.#note(event))
  }

  /** Begin with what is configured already. */
  async resume(): Promise<void> {
    const { documents } = this.#options
    let after: string | undefined = rootKey
    while (after !== undefined) {
      const page: DocumentPage<unknown> = documents.list(rootKey, { after, limit: pageSize })
      for (const { key } of page.documents) {
        const named = ownerOfKey(key)
        if (named?.collection === 'provisioned') this.#update(named.place, named.owner)
      }
      after = page.next
      await setImmediate()
    }
  }

  /** The environments of a function, or of one of its versions, were retired: those that are still wanted are made anew.
   *  @param arn  with or without the version */
  restore(arn: string): void {
    const reference = parseFunctionReference(arn)
    if (reference?.accountId === undefined || reference.region === undefined) return
    const { accountId, region, functionName } = reference
    if (this.#told.has(functionArn({ accountId, region }, functionName))) {
      this.#update({ accountId, region }, functionName)
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  #note({ key }: DocumentEvent): void {
    const named = ownerOfKey(key)
    if (named === undefined) return
    const { place, collection, owner } = named
    const isMoved = collection === 'aliases' && this.#told.has(functionArn(place, owner))
    if (collection === 'provisioned' || isMoved) this.#update(place, owner)
  }

  #update(place: Place, functionName: string): void {
    const arn = functionArn(place, functionName)
    const running = this.#running.get(arn)
    if (running !== undefined) {
      running.isStale = true
      return
    }
    const begun = { isStale: false }
    this.#running.set(arn, begun)
    const done = this.#repeat(begun, place, functionName)
    background(
      'provision concurrency',
      done.finally(() => this.#running.delete(arn)),
    )
  }

  async #repeat(run: { isStale: boolean }, place: Place, functionName: string): Promise<void> {
    do {
      run.isStale = false
      await this.#apply(place, functionName)
    } while (run.isStale)
  }

  async #apply(place: Place, functionName: string): Promise<void> {
    const { provisioning } = this.#options
    const arn = functionArn(place, functionName)
    const wanted = await this.#wanted(place, functionName)
    const before = this.#told.get(arn)
    for (const [versionArn, version] of before ?? []) {
      if (!wanted.has(versionArn)) provisioning.provision(version, 0)
    }
    for (const { version, count } of wanted.values()) provisioning.provision(version, count)
    const told = Array.from(wanted.values(), ({ version }) => [version.arn, version] as const)
    if (told.length === 0) this.#told.delete(arn)
    else this.#told.set(arn, new Map(told))
  }

  /** By the ARN of the version. One that is being deleted is left out: the next change says so. */
  async #wanted(
    place: Place,
    functionName: string,
  ): Promise<Map<string, { version: FunctionVersion; count: number }>> {
    const { documents, resolve } = this.#options
    const located = { place, functionName }
    const wanted = new Map<string, { version: FunctionVersion; count: number }>()
    for (const { qualifier, requested } of provisionedOf(documents, located)) {
      const number = provisionedVersionOf(documents, located, qualifier)
      if (number === latest) continue
      try {
        const version = await resolve(place, functionName, number).version
        // A tag may have come since.
        if (version.maxConcurrency !== undefined) continue
        const count = requested + (wanted.get(version.arn)?.count ?? 0)
        wanted.set(version.arn, { version, count })
      } catch {
        continue
      }
    }
    return wanted
  }
}
