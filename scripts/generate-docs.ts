/** Writes docs/api.md: `npm run docs`. Run it after adding an operation or moving its test. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRows, renderDocument } from './docs/api-document.ts'

const rows = await readRows()
writeFileSync(join(import.meta.dirname, '../docs/api.md'), renderDocument(rows))
const count = rows.filter((row) => row.support === 'yes').length
console.log(`docs/api.md: ${count} of ${rows.length} operations`)
