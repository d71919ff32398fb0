import type { KeyInfo, KeyState } from './key-info.ts';
import type { SigningEvent } from './signing-event.ts';

const EVENTS: { readonly [S in KeyState]?: SigningEvent['event'] } = {
  signing: 'key_activated',
  retired: 'key_retired',
  revoked: 'key_revoked',
};

/** What has happened to keys between two looks at the ring. */
export function stateEvents(
  before: readonly KeyInfo[],
  after: readonly KeyInfo[],
): readonly SigningEvent[] {
  const states = new Map(before.map(({ keyId, state }) => [keyId, state]));
  return after.flatMap(({ keyId, state }) => {
    const event = EVENTS[state];
    return event === undefined || states.get(keyId) === state ? [] : { event, keyId };
  });
}
