import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basicDate, parseBasicDate } from '../../src/auth/request-date.ts'

test('a date in basic format is read as UTC and written back the same', () => {
  const dates: readonly [string, number][] = [
    ['20150830T123600Z', Date.UTC(2015, 7, 30, 12, 36)],
    ['19700101T000000Z', 0],
    ['20240229T235959Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['20000229T000000Z', Date.UTC(2000, 1, 29)],
  ]
  for (const [text, time] of dates) {
    assert.equal(parseBasicDate(text), time)
    assert.equal(basicDate(time), text)
  }
})

test('anything else is no date', () => {
  const wrong = [
    '',
    '20150830',
    '20150830T123600',
    '20150830t123600Z',
    '2015-08-30T12:36:00Z',
    '20150830T123600+',
    '20150830 123600Z',
    '20151330T123600Z',
    '20150030T123600Z',
    '20150800T123600Z',
    '20150832T123600Z',
    '20150229T123600Z',
    '21000229T123600Z',
    '20150830T243600Z',
    '20150830T126000Z',
    '20150830T123660Z',
    '2015083xT123600Z',
    '２015083T123600Z',
    ' 0150830T123600Z',
    '-0150830T123600Z',
    '20150830T123600ZZ',
    'Sun, 30 Aug 2015',
  ]
  for (const text of wrong) assert.equal(parseBasicDate(text), undefined, text)
})
