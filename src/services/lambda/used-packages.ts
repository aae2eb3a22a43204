/** Which packages the functions and layers of all accounts refer to: what is left over can be removed. */
import { setImmediate } from 'node:timers/promises'
import type { DocumentPage, Documents } from '../../store/store.ts'
import { ownerOfKey, rootKey } from './records.ts'
import type { FunctionRecord, LayerVersionRecord, VersionRecord } from './records.ts'

/** Documents read in one turn of the loop. */
const pageSize = 100

/** The ids of all packages in use. Reads in many short turns: functions come before versions and layers, so what is published
 *  meanwhile is not missed. */
export async function usedPackages(documents: Documents): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  let after: string | undefined = rootKey
  while (after !== undefined) {
    const page: DocumentPage<unknown> = documents.list(rootKey, { after, limit: pageSize })
    for (const { key, value } of page.documents) addPackages(used, key, value)
    after = page.next
    await setImmediate()
  }
  return used
}

function addPackages(used: Set<string>, key: string, value: unknown): void {
  const collection = ownerOfKey(key)?.collection
  if (collection === 'functions') addVersion(used, (value as FunctionRecord).latest)
  if (collection === 'versions') addVersion(used, value as VersionRecord)
  if (collection === 'layer-versions') used.add((value as LayerVersionRecord).code.id)
}

function addVersion(used: Set<string>, { code, settings }: VersionRecord): void {
  used.add(code.id)
  for (const layer of settings.layers) used.add(layer.id)
}
