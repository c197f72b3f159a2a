import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { xmlElement, xmlText } from '../../../src/wire/xml.ts'

test('members that are absent are left out; lists are members, maps entries, empty ones an empty element', () => {
  const answer = {
    Name: 'a',
    Path: undefined,
    Count: 3,
    IsTruncated: false,
    Tags: [
      { Key: 'k', Value: '' },
      { Key: 'l', Value: 'v' },
    ],
    Users: [],
    SummaryMap: new Map([['Users', 1]]),
  }
  assert.equal(
    xmlElement('R', answer),
    '<R><Name>a</Name><Count>3</Count><IsTruncated>false</IsTruncated>' +
      '<Tags><member><Key>k</Key><Value/></member><member><Key>l</Key><Value>v</Value></member></Tags>' +
      '<Users/><SummaryMap><entry><key>Users</key><value>1</value></entry></SummaryMap></R>',
  )
  assert.equal(xmlElement('R', undefined), '')
  assert.equal(xmlElement('R', {}), '<R/>')
})

test('text cannot leave its element', () => {
  assert.equal(
    xmlText(`</Arn><Arn a="1" b='2'>&amp;]]>`),
    '&lt;/Arn&gt;&lt;Arn a=&quot;1&quot; b=&apos;2&apos;&gt;&amp;amp;]]&gt;',
  )
  assert.equal(xmlText('a\r\nb\tc'), 'a&#xD;\nb\tc')
})

test('what XML 1.0 cannot hold becomes U+FFFD: control characters, non-characters, lone surrogates', () => {
  assert.equal(xmlText('a\u0000b\u000b\u001fc\ufffe\uffff'), 'a\ufffdb\ufffd\ufffdc\ufffd\ufffd')
  assert.equal(xmlText('\ud800x\udc00'), '\ufffdx\ufffd')
  assert.equal(xmlText('\u{1f511} ü \u007f'), '\u{1f511} ü \u007f')
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 cannot hold
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

const python = spawnSync('python3', ['--version']).status === 0
const skip = python ? false : 'Python is not installed here'

/** Reads JSON texts of documents, one a line, and prints the text of each root. */
const READER = `
import json, sys, xml.etree.ElementTree as tree
for line in sys.stdin:
    print(json.dumps(tree.fromstring(json.loads(line)).text or ''))
`

test('a strict parser reads back every text that XML can hold', { skip }, () => {
  const character = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('<', '>', '&', '"', "'", '\r', '\n', '\t', ']]>', '\u{1f511}', '\u0000', '&#x0;'),
  )
  const texts = fc.sample(
    fc.array(character, { maxLength: 30 }).map((characters) => characters.join('')),
    500,
  )
  const input = texts.map((text) => JSON.stringify(xmlElement('a', text))).join('\n')
  const { stdout, status, stderr } = spawnSync('python3', ['-c', READER], { input, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const read = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    read,
    texts.map((text) => text.toWellFormed().replace(IMPOSSIBLE, '\ufffd')),
  )
})
