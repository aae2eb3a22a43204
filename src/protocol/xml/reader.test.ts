import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { escapeText } from './encode.ts'
import { BadXml, readXml } from './reader.ts'

describe('readXml()', () => {
  test('elements, attributes, text, CDATA and entities', () => {
    const root = readXml(
      '\ufeff<?xml version="1.0"?>\n<!-- a > b -->\n<s:A x="1" y=\'&lt;"\'><B/>t&amp;&#x41;&#66;<![CDATA[<&]]></s:A>\n',
    )
    assert.equal(root.name, 'A')
    assert.deepEqual({ ...root.attributes }, { x: '1', y: '<"' })
    assert.deepEqual(
      root.children.map(({ name }) => name),
      ['B'],
    )
    assert.equal(root.text, 't&AB<&')
  })
  const bad = [
    '',
    'text',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&nbsp;</a>',
    '<a>& b</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a b></a>',
    '<a b="1',
    '<1/>',
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    '<a><!ELEMENT b></a>',
    '<a><![CDATA[</a>',
    '<a>'.repeat(100) + '</a>'.repeat(100),
  ]
  for (const text of bad) {
    test(`refuses ${text.slice(0, 40)}`, () => assert.throws(() => readXml(text), BadXml))
  }
  test('what escapeText() writes is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const read = readXml(`<a>${escapeText(given)}</a>`).text
        // oxlint-disable-next-line no-control-regex
        const unfit = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
        assert.equal(read, given.replaceAll(unfit, '\ufffd'))
      }),
    )
  })
  test('anything else is BadXml, soon', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      'a',
      '"',
      "'",
      '=',
      '&',
      ';',
      '<!--',
      '<![CDATA[',
      ']]>',
      '<?',
      ' ',
      'ü',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          readXml(pieces.join(''))
        } catch (error) {
          assert.ok(error instanceof BadXml)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
