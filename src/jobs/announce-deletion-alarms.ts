/**
 * Raises the alarm for keys that are pending deletion and asked for (lifecycle.md DEL-30, 10.4): of each key once in five minutes, in
 * the log and to the address that the operator has given. At least once: an event whose delivery failed comes again, with the same
 * id unless more calls came meanwhile.
 */
import { type Clock, instantText } from '../base/clock.ts'
import { ALARM_PERIOD_MS, ALARMS_AT_ONCE_MAX, EVENTS_ROUND_MS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { type BusEvent, busEvent, type SendEvent } from '../domain/bus-event.ts'
import type { DeletionAlarm } from '../domain/deletion-alarms.ts'
import { arnOf, keyRef } from '../domain/keys/key.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export interface AlarmServices {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** `undefined`: alarms are in the log alone. */
  readonly send: SendEvent | undefined
}

export function announceDeletionAlarms({ store, clock, log, send }: AlarmServices): Job {
  /** By key: how many of its refused calls the log has told of, while nobody takes the event. */
  let logged: ReadonlyMap<string, number> = new Map()

  function tellLog(alarm: DeletionAlarm): void {
    const { last, count, announced } = alarm
    if (logged.get(keyRef(alarm)) === count) return
    const { principal, operation, eventId, sourceIp } = last
    const fields = { key: arnOf(alarm), principal, operation, eventId, sourceIp, refusedCalls: count - announced }
    log.warn(fields, 'ALARM: a key that is pending deletion was asked for; cancel its deletion if it is needed')
  }

  /** @returns whether it was taken, by whoever wants to be told. */
  async function announce(alarm: DeletionAlarm): Promise<boolean> {
    const now = clock.now()
    const key = await store.findKey(alarm)
    if (send !== undefined && !(await send(alarmEvent(alarm, key?.deletion?.date, now)))) return false
    await store.deletionAlarmAnnounced(alarm, alarm.count, now)
    return true
  }

  return {
    name: 'announce deletion alarms',
    async run() {
      const due = await store.deletionAlarmsToAnnounce(clock.now() - ALARM_PERIOD_MS, ALARMS_AT_ONCE_MAX)
      for (const alarm of due) tellLog(alarm)
      logged = new Map(due.map((alarm) => [keyRef(alarm), alarm.count]))
      const began = performance.now()
      // The first that is not taken ends the round: its receiver is likely to be gone for the others too, and other work waits.
      for (const alarm of due) {
        if (!(await announce(alarm))) return
        if (performance.now() - began >= EVENTS_ROUND_MS_MAX) return
      }
    },
  }
}

/** AWS has no such event: hence a source of our own. */
function alarmEvent(alarm: DeletionAlarm, deletionDate: number | undefined, now: number): BusEvent {
  const { account, region, keyId, count, announced, firstAt, last } = alarm
  return busEvent({
    // Of the call that it tells of, so that a repetition can be recognised.
    id: last.eventId,
    type: 'Use of KMS Key Pending Deletion',
    source: 'keyhold.kms',
    account,
    region,
    keyArn: arnOf(alarm),
    time: now,
    detail: {
      'key-id': keyId,
      // Null: its waiting period begins when its last replica is gone.
      'deletion-date': deletionDate === undefined ? null : instantText(deletionDate),
      'refused-calls': count - announced,
      'refused-calls-since-scheduled': count,
      'first-refused-call': instantText(firstAt),
      'last-refused-call': {
        'event-id': last.eventId,
        'request-id': last.requestId,
        'event-name': last.operation,
        time: instantText(last.time),
        principal: last.principal,
        'source-ip-address': last.sourceIp,
      },
    },
  })
}
