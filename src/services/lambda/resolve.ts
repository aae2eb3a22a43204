/**
 * The lookup of the hot path: from what an invocation names to the version that runs, from memory. What is remembered is
 * dropped or brought up to date by the store's watch, so an answer is never older than the last acknowledged change.
 */
import { lambdaLimits } from '../../config.ts'
import { functionArn, latest } from '../../lib/arn.ts'
import type { Ids } from '../../lib/ids.ts'
import type { Lineage } from '../../invoke/lineage.ts'
import type { Target } from '../../invoke/target.ts'
import type { FunctionVersion, Place } from '../../model.ts'
import type { Packages } from '../../packages/packages.ts'
import type { DocumentEvent, Documents } from '../../store/store.ts'
import {
  allDocuments,
  allValues,
  findAlias,
  findVersion,
  isVersionNumber,
  notInvocable,
} from './lookup.ts'
import { toFunctionVersion } from './function-version.ts'
import { isSameForEnvironments } from './functions/lair-tags.ts'
import { functionNotFound, locate, type Asker, type Located } from './names.ts'
import { lineageOf } from './events/recursion-config.ts'
import { concurrencyKey, functionKey, ownerOfKey, prefixOf, rootKey } from './records.ts'
import type {
  AliasRecord,
  ConcurrencyRecord,
  FunctionRecord,
  ProvisionedRecord,
} from './records.ts'

/** Find what an invocation means; draws the version of a weighted alias.
 *  @param qualifier  given beside the name; undefined or empty when there is none
 *  @throws AwsError as `locate`, or ResourceNotFoundException (404)
 *  @source AWS Lambda API reference, Invoke; recorded answers: a missing function is reported with `:$LATEST` */
export type Resolve = (asker: Asker, functionName: string, qualifier?: string) => Target

const maxFunctionCount = 4_096
const maxTargetCount = 1_024
const maxPlaceCount = 1_024

/** One version, and where its code lies as soon as that is known. */
type Slot = { version: FunctionVersion | Promise<FunctionVersion> }

type Remembered = {
  readonly invokedArn: string
  readonly slot: Slot
  readonly additional?: { readonly slot: Slot; readonly weight: number }
  /** the answer, once nothing about it can differ from call to call */
  settled?: Target
}

/** A function that was invoked lately. */
type Entry = {
  readonly located: Located
  record: FunctionRecord
  reserved: number | undefined
  lineage: Lineage
  readonly targets: Map<string, Remembered>
  readonly slots: Map<string, Slot>
}

type ResolverOptions = {
  readonly documents: Documents
  readonly packages: Packages
  readonly ids: Ids
}

/** The memory behind `resolve`. */
export class Resolver implements Disposable {
  readonly #documents: Documents
  readonly #packages: Packages
  readonly #ids: Ids
  /** `account/region/name` -> entry, least recently used first, at most maxFunctionCount */
  readonly #entries = new Map<string, Entry>()
  /** `account/region` -> unreserved concurrency */
  readonly #unreserved = new Map<string, number>()
  readonly #listeners = new Set<(arn: string) => void>()
  readonly #watch: Disposable

  constructor({ documents, packages, ids }: ResolverOptions) {
    this.#documents = documents
    this.#packages = packages
    this.#ids = ids
    this.#watch = documents.watch(rootKey, (event) => this.#note(event))
  }

  readonly resolve: Resolve = (asker, functionName, qualifier = '') => {
    const target = this.#recall(asker, functionName, qualifier)
    if (target?.settled !== undefined) return target.settled
    return target === undefined
      ? this.#lookUp(
          locate(asker, { FunctionName: functionName, Qualifier: qualifier }, 'InvokeFunction'),
        )
      : this.#choose(asker, functionName, target)
  }

  /** Be told what must not run on in its former form.
   *  @param listener  gets the ARN of a version, or of a function (unqualified) that is gone */
  onChange(listener: (arn: string) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  /** Plain names of known functions only; everything else is looked up with all checks. */
  #recall(asker: Asker, functionName: string, qualifier: string): Remembered | undefined {
    const key = entryKey(asker, functionName)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.targets.get(qualifier)
  }

  #lookUp(located: Located): Target {
    const { place, functionName, qualifier = '' } = located
    const entry = this.#load(located)
    let target = entry.targets.get(qualifier)
    if (target === undefined) {
      target = this.#makeTarget(entry, located)
      if (entry.targets.size >= maxTargetCount) entry.targets.clear()
      entry.targets.set(qualifier, target)
    }
    return this.#choose(place, functionName, target)
  }

  #load(located: Located): Entry {
    const { place, functionName } = located
    const key = entryKey(place, functionName)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const record = this.#documents.get<FunctionRecord>(functionKey(place, functionName))?.value
    if (record === undefined) {
      throw functionNotFound({ ...located, qualifier: located.qualifier ?? latest })
    }
    const reservation = this.#documents.get<ConcurrencyRecord>(concurrencyKey(place, functionName))
    const entry: Entry = {
      located: { place, functionName },
      record,
      reserved: reservation?.value.reserved,
      lineage: lineageOf(this.#documents, place, functionName),
      targets: new Map(),
      slots: new Map(),
    }
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < maxFunctionCount) break
      this.#entries.delete(oldest)
    }
    this.#entries.set(key, entry)
    return entry
  }

  #makeTarget(entry: Entry, located: Located): Remembered {
    const { place, functionName, qualifier } = located
    const invokedArn = functionArn(place, functionName, qualifier)
    if (qualifier === undefined || qualifier === latest || isVersionNumber(qualifier)) {
      return { invokedArn, slot: this.#slot(entry, located, qualifier ?? latest) }
    }
    const alias: AliasRecord | undefined = findAlias(this.#documents, located, qualifier)?.value
    if (alias === undefined) throw functionNotFound(located)
    const slot = this.#slot(entry, located, alias.functionVersion)
    const { routing } = alias
    if (routing === undefined || routing.weight === 0) return { invokedArn, slot }
    const additional = { slot: this.#slot(entry, located, routing.version), weight: routing.weight }
    return { invokedArn, slot, additional }
  }

  #slot(entry: Entry, located: Located, number: string): Slot {
    const known = entry.slots.get(number)
    if (known !== undefined) return known
    const record =
      number === latest ? entry.record.latest : findVersion(this.#documents, located, number)
    if (record === undefined) throw functionNotFound(located)
    // Not remembered: it changes without being asked to.
    if (record.state !== undefined) throw notInvocable(record.state.state)
    const version = toFunctionVersion(this.#packages, entry.located, record, entry.record.tags)
    const slot: Slot = { version }
    version.then(
      (ready) => (slot.version = ready),
      () => {
        entry.slots.delete(number)
        entry.targets.clear()
      },
    )
    if (entry.slots.size >= maxTargetCount) entry.slots.clear()
    entry.slots.set(number, slot)
    return slot
  }

  #choose(place: Place, functionName: string, target: Remembered): Target {
    const { additional, invokedArn } = target
    const isAdditional = additional !== undefined && this.#ids.fraction() < additional.weight
    const { version } = isAdditional ? additional.slot : target.slot
    const { reserved, lineage } = this.#entries.get(entryKey(place, functionName)) ?? {}
    const resolved: Target = {
      version,
      invokedArn,
      ...(reserved !== undefined && { reservedConcurrency: reserved }),
      ...(lineage !== undefined && { lineage }),
    }
    if (additional === undefined && !(version instanceof Promise)) target.settled = resolved
    return resolved
  }

  /** What functions without a reservation share in a place. */
  unreservedConcurrency(place: Place): number {
    const key = placeKey(place)
    const known = this.#unreserved.get(key)
    if (known !== undefined) return known
    const left = unreservedConcurrency(this.#documents, place)
    if (this.#unreserved.size >= maxPlaceCount) this.#unreserved.clear()
    this.#unreserved.set(key, left)
    return left
  }

  #note(event: DocumentEvent): void {
    const named = ownerOfKey(event.key)
    if (named === undefined) return
    const { place, collection, owner, rest } = named
    const entry = this.#entries.get(entryKey(place, owner))
    if (collection === 'functions') this.#noteFunction(place, owner, event)
    if (collection === 'aliases') entry?.targets.delete(rest)
    if (collection === 'versions' && event.value === undefined) {
      this.#entries.delete(entryKey(place, owner))
      this.#tell(functionArn(place, owner, String(Number(rest))))
    }
    if (collection === 'provisioned') this.#unreserved.delete(placeKey(place))
    if (collection === 'concurrency') this.#noteConcurrency(place, owner, event)
    if (collection === 'recursion' && entry !== undefined) {
      entry.lineage = lineageOf(this.#documents, place, owner)
      for (const target of entry.targets.values()) delete target.settled
    }
  }

  #noteFunction(place: Place, functionName: string, event: DocumentEvent): void {
    const key = entryKey(place, functionName)
    const entry = this.#entries.get(key)
    const record = event.value as FunctionRecord | undefined
    if (record === undefined) {
      this.#entries.delete(key)
      this.#tell(functionArn(place, functionName))
    } else if (entry && !isSameForEnvironments(entry.record.tags, record.tags)) {
      this.#entries.delete(key)
      this.#tell(functionArn(place, functionName))
    } else if (entry?.record.latest.deploymentId === record.latest.deploymentId) {
      entry.record = record
    } else {
      this.#entries.delete(key)
      this.#tell(functionArn(place, functionName, latest))
    }
  }

  #noteConcurrency(place: Place, functionName: string, event: DocumentEvent): void {
    this.#unreserved.delete(placeKey(place))
    const entry = this.#entries.get(entryKey(place, functionName))
    if (entry === undefined) return
    entry.reserved = (event.value as ConcurrencyRecord | undefined)?.reserved
    for (const target of entry.targets.values()) delete target.settled
  }

  #tell(arn: string): void {
    for (const listener of this.#listeners) listener(arn)
  }
}

/** What functions without a reservation share in this place. */
export function unreservedConcurrency(documents: Documents, place: Place): number {
  const prefix = prefixOf(place, 'concurrency')
  const reservations = allValues<ConcurrencyRecord>(documents, prefix)
  const reserved = reservations.reduce((sum, reservation) => sum + reservation.reserved, 0)
  return lambdaLimits.maxConcurrentExecutions - reserved - provisionedOutside(documents, place)
}

/** What is provisioned for functions that have no reservation to take it from. */
function provisionedOutside(documents: Documents, place: Place): number {
  let total = 0
  for (const { key, value } of allDocuments<ProvisionedRecord>(
    documents,
    prefixOf(place, 'provisioned'),
  )) {
    const owner = ownerOfKey(key)?.owner ?? ''
    if (documents.get(concurrencyKey(place, owner)) === undefined) total += value.requested
  }
  return total
}

function placeKey(place: Place): string {
  return `${place.accountId}/${place.region}`
}

function entryKey(place: Place, functionName: string): string {
  return `${place.accountId}/${place.region}/${functionName}`
}
