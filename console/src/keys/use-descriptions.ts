/** DescribeKey for the keys in sight, a few at a time; what was described once is kept until the list is loaded anew. */
import { DescribeKeyCommand, type KeyMetadata, type KMSClient } from '@aws-sdk/client-kms'
import { useEffect, useRef, useState } from 'react'
import { type Failure, failureOf } from '../aws/failure.ts'

export type Description = { readonly metadata: KeyMetadata } | { readonly failure: Failure }

const AT_ONCE_MAX = 6

/** @param version another one forgets everything. */
export function useDescriptions(
  kms: KMSClient,
  keyIds: readonly string[],
  version: unknown,
): ReadonlyMap<string, Description> {
  const [known, setKnown] = useState<ReadonlyMap<string, Description>>(NOTHING)
  const cache = useRef({ version, descriptions: NOTHING })
  const wanted = keyIds.join()
  useEffect(() => {
    let isCurrent = true
    if (cache.current.version !== version) cache.current = { version, descriptions: NOTHING }
    setKnown(cache.current.descriptions)
    const rest = wanted.split(',').filter((keyId) => keyId !== '' && !cache.current.descriptions.has(keyId))
    const work = async () => {
      for (let keyId = rest.shift(); keyId !== undefined; keyId = rest.shift()) {
        const description = await describe(kms, keyId)
        if (!isCurrent) return
        cache.current.descriptions = new Map(cache.current.descriptions).set(keyId, description)
        setKnown(cache.current.descriptions)
      }
    }
    for (let worker = 0; worker < AT_ONCE_MAX; worker++) void work()
    return () => {
      isCurrent = false
    }
  }, [kms, wanted, version])
  return known
}

const NOTHING: ReadonlyMap<string, Description> = new Map()

async function describe(kms: KMSClient, keyId: string): Promise<Description> {
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }))
    return { metadata: KeyMetadata! }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}
